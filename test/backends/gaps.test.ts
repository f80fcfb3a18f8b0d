// SPDX-License-Identifier: Apache-2.0
// A loss is visible where people look: in the spans that a real collector has.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { freePorts } from '../../harness/child.ts';
import { COMPACT_NODE0, compact, populatedZones } from '../../harness/host.ts';
import { startCollector } from '../../harness/receivers/receivers.ts';
import { Agent } from '../support/agent.ts';

const DEADLINE_MS = 60_000;
const WRITES = 40;
const ROOM = 30;
const ZONES = populatedZones().filter(({ node }) => node === 0).length;

const folder = mkdtempSync(join(tmpdir(), 'compactstall-'));
after(() => rmSync(folder, { recursive: true }));

it('stalls that did not fit in the queue while the collector was away: one span has their number and their time', async () => {
  const [grpcPort] = await freePorts(1);
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${grpcPort}`, OTEL_BSP_MAX_QUEUE_SIZE: `${ROOM}` };
  const words = ['--output', 'json', '--output', 'otlp', '--pid', String(process.pid)];
  const agent = await new Agent(words, { env, books: true }).attached();
  compact(COMPACT_NODE0, WRITES);
  await agent.until(() => agent.events().length === WRITES * ZONES);
  const collector = await startCollector({ spansFile: join(folder, 'spans.jsonl'), grpcPort: grpcPort! });
  await collector.waitForSpans(ROOM + 1, DEADLINE_MS);
  const { books, stderr } = await agent.stop();
  await collector.stop();

  const lost = agent.events().slice(ROOM);
  const spans = collector.spans();
  const [gap, ...others] = spans.filter(({ span }) => span.name === 'compactions not recorded');
  assert.deepEqual(others, []);
  assert.equal(spans.length, ROOM + 1);
  const begins = lost.map(({ startUnixNano }) => BigInt(startUnixNano));
  const ends = lost.map(({ startUnixNano, durationNano }) => BigInt(startUnixNano) + BigInt(durationNano));
  assert.equal(
    gap!.start,
    begins.reduce((a, b) => (a < b ? a : b)),
  );
  assert.equal(
    gap!.end,
    ends.reduce((a, b) => (a > b ? a : b)),
  );
  assert.deepEqual(gap!.attributes, {
    'compaction.not_recorded.count': lost.length,
    'compaction.not_recorded.reason': 'queue_full',
  });
  assert.deepEqual(books!.lost, { 'otlp dropped it: queue_full': lost.length });
  assert.ok(books!.balances, stderr);
});
