// SPDX-License-Identifier: Apache-2.0
// Stalls of this host while the collector is away and the agent is killed: a real collector gets all of them afterwards.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { COMPACT_NODE0, compact, populatedZones } from '../../harness/host.ts';
import { startCollector } from '../../harness/receivers/receivers.ts';
import { Agent, parseLines, runToEnd } from '../support/agent.ts';
import { assertNothingLost } from '../support/books.ts';
import { stored } from '../support/spool.ts';
import { events } from '../unit/fixtures.ts';

const DEADLINE_MS = 60_000;
const WRITES = 7;
const ZONES = populatedZones().filter(({ node }) => node === 0).length;

const folder = mkdtempSync(join(tmpdir(), 'compactstall-'));
after(() => rmSync(folder, { recursive: true }));
const words = ['--output', 'json', '--pid', String(process.pid), '--spool', join(folder, 'spool')];

for (const [protocol, which] of [
  ['grpc', 'endpoint'],
  ['http/protobuf', 'httpEndpoint'],
] as const) {
  it(`an outage in which the agent is killed twice and ended once, over ${protocol}: the same spans, each once`, async () => {
    const spansFile = join(folder, `${which}.jsonl`);
    const collector = await startCollector({ spansFile });
    const options = {
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector[which], OTEL_EXPORTER_OTLP_PROTOCOL: protocol },
      books: true,
    };
    const ids: string[] = [];
    // While it takes spans.
    const first = await new Agent(words, options).attached();
    compact(COMPACT_NODE0, WRITES);
    await collector.waitForSpans(WRITES * ZONES, DEADLINE_MS);
    ids.push(...parseLines((await first.stop()).stdout).map(({ spanId }) => spanId));
    await collector.stop();
    const delivered = ids.length;
    for (const signal of ['SIGKILL', 'SIGTERM', 'SIGKILL'] as const) {
      const agent = await new Agent(words, options).attached();
      compact(COMPACT_NODE0, WRITES);
      await stored(join(folder, 'spool'), ids.length - delivered + WRITES * ZONES);
      await agent.until(() => agent.events().length === WRITES * ZONES);
      const finished = await agent.stop(signal);
      if (signal === 'SIGTERM') assertNothingLost(finished);
      ids.push(...parseLines(finished.stdout).map(({ spanId }) => spanId));
    }
    assert.equal(ids.length, 4 * WRITES * ZONES);

    const again = await startCollector(collector);
    const last = await new Agent(words, options).attached();
    await again.waitForSpans(ids.length, DEADLINE_MS);
    assertNothingLost(await last.stop());
    assert.deepEqual(
      again.spans().map(({ span }) => span.spanId),
      ids,
    );
    await again.stop();
  });
}

it('spool export: the Collector reads from its lines of OTLP/JSON what spool send delivers', async () => {
  const [path, spool, spansFile] = ['recording.jsonl', 'exported', 'exported.jsonl'].map((name) => join(folder, name));
  const recorded = events(1021);
  writeFileSync(path!, recorded.map((one) => `${JSON.stringify(one)}\n`).join(''));
  const away = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' };
  const agent = new Agent(['replay', path!, '-o', 'none', '--spool', spool!], { env: away });
  await agent.until(() => /does not answer/.test(agent.stderr));
  await stored(spool!, recorded.length);
  await agent.stop();

  const collector = await startCollector({ spansFile: spansFile! });
  const lines = (await runToEnd(['spool', 'export', spool!])).stdout.trimEnd().split('\n');
  const headers = { 'content-type': 'application/json' };
  for (const body of lines) {
    assert.equal((await fetch(`${collector.httpEndpoint}/v1/traces`, { method: 'POST', headers, body })).status, 200);
  }
  const fromJson = [...(await collector.waitForSpans(recorded.length, DEADLINE_MS))];
  const sent = await runToEnd(['spool', 'send', spool!], { env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint } });
  assert.equal(sent.code, 0, sent.stderr);
  const both = await collector.waitForSpans(2 * recorded.length, DEADLINE_MS);
  assert.deepEqual(both.slice(recorded.length), fromJson);
  await collector.stop();
});
