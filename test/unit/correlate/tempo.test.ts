// SPDX-License-Identifier: Apache-2.0
// Tempo itself is not to be had here. What answers is a server of ours, in the forms of Tempo's own documentation and protobuf definitions.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { it, type TestContext } from 'node:test';
import type { ApplicationSpan } from '../../../src/correlate/application-span.ts';
import { spansOfTempo, type Wanted } from '../../../src/correlate/tempo.ts';
import { UserError } from '../../../src/errors.ts';
import type { Message } from '../../../src/messages/message.ts';

const SECOND = 1_000_000_000n;
const NOW = 1_800_000_000n;

interface Stored {
  /** As Tempo has it in a search. */
  id: string;
  atSecond: bigint;
  pid: number;
  status?: string;
}

const hexOf = (id: string) => id.padStart(32, '0');

/** Tempo has ids as bytes, which its JSON has in base64. */
const traceOf = ({ id, atSecond, pid }: Stored) => ({
  resourceSpans: [
    {
      resource: { attributes: [{ key: 'process.pid', value: { intValue: String(pid) } }] },
      scopeSpans: [
        {
          spans: [
            {
              traceId: Buffer.from(hexOf(id), 'hex').toString('base64'),
              spanId: Buffer.from(hexOf(id).slice(16), 'hex').toString('base64'),
              name: 'GET /',
              kind: 'SPAN_KIND_SERVER',
              startTimeUnixNano: String(atSecond * SECOND),
              endTimeUnixNano: String((atSecond + 1n) * SECOND),
            },
          ],
        },
      ],
    },
  ],
});

async function tempo(t: TestContext, stored: readonly Stored[]) {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url!, 'http://tempo');
    asked.push(url.pathname);
    const answer = (body: unknown) => response.end(JSON.stringify(body));
    if (url.pathname === '/api/search') {
      const query = url.searchParams;
      const pids = [...query.get('q')!.matchAll(/resource\.process\.pid = (\d+)/g)].map(([, pid]) => Number(pid));
      assert.match(query.get('q')!, /^\{ [^{}]+ \}$/);
      const [start, end] = [BigInt(query.get('start')!), BigInt(query.get('end')!)];
      const found = stored.filter(({ pid, atSecond }) => pids.includes(pid) && atSecond >= start && atSecond < end);
      answer({ traces: found.slice(0, Number(query.get('limit'))).map(({ id }) => ({ traceID: id })), metrics: {} });
      return;
    }
    const id = /^\/api\/v2\/traces\/([\da-f]+)$/.exec(url.pathname)?.[1] ?? '';
    const trace = stored.find((one) => hexOf(one.id) === hexOf(id));
    if (trace) answer({ trace: traceOf(trace), metrics: {}, ...(trace.status && { status: trace.status }) });
    else response.writeHead(404).end('trace not found');
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  t.after(() => server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

async function all(url: string, wanted: Partial<Wanted>) {
  const warnings: Message[] = [];
  const spans: ApplicationSpan[] = [];
  const whole = { from: NOW * SECOND, to: (NOW + 60n) * SECOND, pids: [], traceIds: [], ...wanted };
  for await (const some of spansOfTempo(url, whole, (warning) => warnings.push(warning))) spans.push(...some);
  return { spans, warnings };
}

it('traces of stalled processes are found by TraceQL, and those that stalls name by their ids, each once', async (t) => {
  const { url, asked } = await tempo(t, [
    { id: 'a1', atSecond: NOW + 1n, pid: 7 },
    { id: 'b2', atSecond: NOW + 2n, pid: 8 },
    { id: 'c3', atSecond: NOW + 3n, pid: 9 },
    { id: 'd4', atSecond: NOW - 700n, pid: 7 },
  ]);
  const { spans } = await all(url, { pids: [7], traceIds: [hexOf('a1'), hexOf('c3'), hexOf('e5')] });
  assert.deepEqual(
    spans.map(({ traceId, pid }) => [traceId, pid]),
    [
      [hexOf('a1'), 7],
      [hexOf('c3'), 9],
    ],
  );
  assert.equal(asked.filter((path) => path === '/api/search').length, 1);
});

it('a search that finds as many as it may is divided by time, and within a second has a higher limit', async (t) => {
  const stored = Array.from({ length: 3000 }, (_, i) => ({
    id: (i + 1).toString(16),
    // Most of them in the same second.
    atSecond: NOW + (i < 500 ? BigInt(i % 50) : 7n),
    pid: 100 + (i % 120),
  }));
  const { url } = await tempo(t, stored);
  const { spans } = await all(url, { pids: Array.from({ length: 120 }, (_, i) => 100 + i) });
  assert.equal(spans.length, 3000);
  assert.equal(new Set(spans.map(({ traceId }) => traceId)).size, 3000);
});

it('says so where Tempo has cut a trace', async (t) => {
  const { url } = await tempo(t, [{ id: 'a1', atSecond: NOW, pid: 7, status: 'PARTIAL' }]);
  const { spans, warnings } = await all(url, { pids: [7] });
  assert.equal(spans.length, 1);
  assert.deepEqual(
    warnings.map(({ code }) => code),
    ['trace_cut'],
  );
});

it('what is not an answer of Tempo is an error that says so', async (t) => {
  for (const body of ['{"traces":[{"traceID":"x/../y"}]}', '<html>', '{"traces":[{"traceID":"a1"}]']) {
    const server = createServer((_, response) => response.end(body));
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    t.after(() => server.close());
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await assert.rejects(all(url, { pids: [7] }), (error) => {
      assert.ok(error instanceof UserError);
      assert.match(error.message, /cannot read spans from http:\/\/127\.0\.0\.1:\d+: /);
      return true;
    });
  }
});
