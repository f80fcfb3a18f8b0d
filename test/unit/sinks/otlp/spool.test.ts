// SPDX-License-Identifier: Apache-2.0
/** The sink with a spool: real servers that fail on purpose, a real folder. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Metadata, status } from '@grpc/grpc-js';
import type { SpoolFolder } from '../../../../src/sinks/otlp/spool-queue.ts';
import { openSpoolFolder } from '../../../../src/spool/folder.ts';
import { event, events } from './events.ts';
import { type Answer, OK, RETRYABLE, startGrpcServer } from './grpc-server.ts';
import { ACCEPTED, startHttpServer } from './http-server.ts';
import { assertBalanced, LONG, sinkTo } from './sink-to.ts';
import { encodeResponse } from './wire.ts';

/** Nobody listens there. */
const NOWHERE = 9;

const error = (code: status, details = 'made to fail'): Answer => ({ code, details, metadata: new Metadata() });
const ids = (spans: readonly { spanId: string }[]) => spans.map(({ spanId }) => spanId);

function newFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'compactstall-spool-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

const segmentsIn = (path: string) => readdirSync(path).filter((name) => name.endsWith('.spool'));

/** A run with a spool. It has started. */
async function run(path: string, port: number, limits: SpoolFolder['limits'] = {}, env: NodeJS.ProcessEnv = {}) {
  const spool = { path, folder: await openSpoolFolder(path), bytes: 1e9, ageMs: 1e9, limits };
  const { sink, said } = await sinkTo(port, env, { spool });
  await sink.start!();
  return { sink, said };
}

test('what a collector that is away did not take stays, is no loss, and the next run sends it first, as it was', async (t) => {
  const path = newFolder(t);
  const { sink, said } = await run(path, NOWHERE);
  sink.write(events(300));
  await sink.close(LONG);
  assert.deepEqual(sink.books(), { accepted: 300, exported: 0, queued: 0, dropped: {}, spooled: 300, recovered: 0 });
  assert.match(said.at(-1)!, /^300 spans stay in the spool \S+; the next run sends them\.$/);

  const server = await startGrpcServer(t);
  const next = await run(path, server.port);
  next.sink.write([event(1000)]);
  await next.sink.close(LONG);
  assert.deepEqual(ids(server.spans), ids([...events(300), event(1000)]));
  assert.deepEqual(next.sink.books(), {
    accepted: 1,
    exported: 301,
    queued: 0,
    dropped: {},
    spooled: 0,
    recovered: 300,
  });
  assert.match(next.said[0]!, /^earlier runs have left 0\.\d MB in the spool/);
  assert.deepEqual(segmentsIn(path), []);
});

test('every answer that asks for another try leaves all of it, over gRPC and HTTP', async (t) => {
  const path = newFolder(t);
  const all = events(RETRYABLE.length + 4);
  let sent = 0;
  for (const code of RETRYABLE) {
    const server = await startGrpcServer(t, () => error(status[code]));
    const { sink } = await run(path, server.port);
    sink.write([all[sent++]!]);
    await sink.close(LONG);
    assert.deepEqual(sink.books().dropped, {}, code);
    assert.equal(sink.books().spooled, sent, code);
    assert.ok(server.sizes.length > 0, code);
  }
  const http = { OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf' };
  for (const refusal of [429, 502, 503, 504]) {
    const server = await startHttpServer(t, () => ({ status: refusal }));
    const { sink } = await run(path, server.port, {}, http);
    sink.write([all[sent++]!]);
    await sink.close(LONG);
    assert.equal(sink.books().spooled, sent, String(refusal));
  }
  const server = await startHttpServer(t, () => ACCEPTED);
  const { sink } = await run(path, server.port, {}, http);
  await sink.close(LONG);
  assert.deepEqual(ids(server.spans), ids(all));
});

test('a request without an answer in time stays', async (t) => {
  const path = newFolder(t);
  const silent = await startGrpcServer(t, () => OK, { slow: 2_000 });
  const { sink } = await run(path, silent.port, {}, { OTEL_EXPORTER_OTLP_TIMEOUT: '100' });
  sink.write(events(3));
  await sink.close(LONG);
  assert.equal(sink.books().spooled, 3);
});

test('what was refused, or rejected in part, is dropped once, and never comes again', async (t) => {
  const path = newFolder(t);
  const answers = [error(status.INVALID_ARGUMENT), { response: encodeResponse(2, 'no room') }];
  const server = await startGrpcServer(t, (request) => answers[request] ?? OK);
  const { sink } = await run(path, server.port, {}, { OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '3' });
  sink.write(events(9));
  await sink.close(LONG);
  const dropped = { grpc_invalid_argument: 3, rejected: 2 };
  assert.deepEqual(sink.books(), {
    ...{ accepted: 9, exported: 6, queued: 0, dropped, spooled: 0, recovered: 0, reports: 2 },
  });
  const again = await run(path, server.port);
  await again.sink.close(LONG);
  assert.equal(again.sink.books().recovered, 0);
  assert.equal(server.sizes.length, 4);
});

test('the parts of a request that was too large are all sent, and it stays until then', async (t) => {
  const path = newFolder(t);
  const tooLarge = error(status.RESOURCE_EXHAUSTED, 'received message larger than max (1 vs. 1)');
  const away = await startGrpcServer(t, (request) => [tooLarge, OK][request] ?? error(status.UNAVAILABLE));
  const { sink } = await run(path, away.port);
  sink.write(events(100));
  await sink.close(LONG);
  assertBalanced(sink.books());
  assert.deepEqual([sink.books().exported, sink.books().spooled], [25, 75]);
  const server = await startGrpcServer(t);
  const next = await run(path, server.port);
  await next.sink.close(LONG);
  // The whole: a quarter of it for the second time, with the same ids.
  assert.deepEqual(ids(server.spans), ids(events(100)));
});

test('many more requests than memory holds come in order, each once', async (t) => {
  const path = newFolder(t);
  const limits = { segmentBytes: 100_000, memoryBytes: 50_000, syncMs: 5 };
  const server = await startGrpcServer(t, (request) => (request < 3 ? error(status.UNAVAILABLE) : OK));
  const small = { OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '20' };
  const { sink } = await run(path, server.port, limits, small);
  const all = events(3000);
  for (let at = 0; at < all.length; at += 100) {
    sink.write(all.slice(at, at + 100));
    await new Promise((resolve) => setTimeout(resolve, 2));
    assertBalanced(sink.books());
  }
  await sink.close(LONG);
  assertBalanced(sink.books());
  const next = await run(path, server.port, limits, small);
  const waits = () => {
    const { exported, recovered, spooled } = next.sink.books();
    return exported < recovered! || spooled! > 0;
  };
  while (waits()) await new Promise((resolve) => setTimeout(resolve, 5));
  await next.sink.close(LONG);
  assert.deepEqual(ids(server.spans), ids(all));
  assert.deepEqual(segmentsIn(path), []);
});

test('a second agent is refused while the first one lives', async (t) => {
  const path = newFolder(t);
  const { sink } = await run(path, NOWHERE);
  await assert.rejects(run(path, NOWHERE), /^UserError: cannot use the spool \S+: another agent uses it\.$/);
  await sink.close(LONG);
  await (await run(path, NOWHERE)).sink.close(LONG);
});
