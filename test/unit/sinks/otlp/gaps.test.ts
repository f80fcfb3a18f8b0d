// SPDX-License-Identifier: Apache-2.0
/** What the sink has lost arrives as a span: how many compactions, when, and why. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Metadata, status } from '@grpc/grpc-js';
import type { AgentEvent, CompactionEvent } from '../../../../src/event/event.ts';
import type { SpoolFolder } from '../../../../src/sinks/otlp/spool-queue.ts';
import { openSpoolFolder } from '../../../../src/spool/folder.ts';
import { event, events, notRecorded } from './events.ts';
import { type Answer, OK, startGrpcServer } from './grpc-server.ts';
import { assertBalanced, LONG, sinkTo } from './sink-to.ts';
import { encodeResponse, type WireSpan } from './wire.ts';

const REFUSED: Answer = { code: status.INVALID_ARGUMENT, details: 'made to fail', metadata: new Metadata() };
const AWAY: Answer = { code: status.UNAVAILABLE, details: 'made to fail', metadata: new Metadata() };
const ONE_EACH = { OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '1' };

interface Gap {
  count: number;
  reason: unknown;
  start: string;
  end: string;
}

function gapsIn(spans: readonly WireSpan[]): Gap[] {
  return spans
    .filter(({ name }) => name === 'compactions not recorded')
    .map(({ attributes, start, end }) => ({
      count: Number(attributes['compaction.not_recorded.count']?.value),
      reason: attributes['compaction.not_recorded.reason']?.value,
      start,
      end,
    }));
}

const compactionsIn = (spans: readonly WireSpan[]) => spans.filter(({ name }) => name.startsWith('compaction '));
const sum = (gaps: readonly Gap[]) => gaps.reduce((all, { count }) => all + count, 0);

/** From the begin of the first to the end of the last. */
function windowOf(lost: readonly CompactionEvent[]): { start: string; end: string } {
  const begins = lost.map(({ startUnixNano }) => BigInt(startUnixNano)).sort();
  const ends = lost.map(({ startUnixNano, durationNano }) => BigInt(startUnixNano) + BigInt(durationNano)).sort();
  return { start: `${begins[0]}`, end: `${ends.at(-1)}` };
}

/** A run with a spool in this folder. It has started. */
async function spooled(path: string, port: number, change: Partial<SpoolFolder> = {}) {
  const spool = { path, folder: await openSpoolFolder(path), bytes: 1e9, ageMs: 1e9, ...change };
  const started = await sinkTo(port, { OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '5' }, { spool });
  await started.sink.start!();
  return started;
}

function newFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'compactstall-gaps-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

test('what did not fit while the collector was away is one span, once it is back', async (t) => {
  const place = await startGrpcServer(t);
  await place.stop();
  const { sink, said } = await sinkTo(place.port, {}, { queueSize: 1000 });
  const all = events(1300);
  sink.write(all.slice(0, 1100));
  sink.write(all.slice(1100));
  while (said.length === 0) await sleep(5);
  const server = await startGrpcServer(t, undefined, { port: place.port });
  await sink.close(LONG);
  assert.deepEqual(gapsIn(server.spans), [{ count: 300, reason: 'queue_full', ...windowOf(all.slice(1000)) }]);
  assert.deepEqual(sink.books(), {
    accepted: 1300,
    exported: 1001,
    queued: 0,
    dropped: { queue_full: 300 },
    reports: 1,
  });
  const [gap] = server.spans.filter(({ name }) => name === 'compactions not recorded');
  assert.equal(gap!.resource['service.name']?.value, 'compactstall');
  assert.deepEqual(Object.keys(gap!.attributes).sort(), [
    'compaction.not_recorded.count',
    'compaction.not_recorded.reason',
  ]);
});

test('a span that says what the limit left out is lost: its number is in the next one', async (t) => {
  const answers = [OK, REFUSED];
  const server = await startGrpcServer(t, (request) => answers[request] ?? OK);
  const { sink } = await sinkTo(server.port, ONE_EACH);
  const report = notRecorded({ count: 500 });
  sink.write([event(0), report, event(1)]);
  await sink.close(LONG);
  const end = `${BigInt(report.startUnixNano) + BigInt(report.durationNano)}`;
  assert.deepEqual(gapsIn(server.spans), [
    { count: 500, reason: 'grpc_invalid_argument', start: report.startUnixNano, end },
  ]);
});

test('a report that is refused waits until something is taken, and nothing of it is lost', async (t) => {
  const answers = [OK, REFUSED, REFUSED];
  const server = await startGrpcServer(t, (request) => answers[request] ?? OK);
  const { sink } = await sinkTo(server.port, ONE_EACH);
  sink.write(events(2));
  while (server.sizes.length < 3) await sleep(5);
  await sleep(1500);
  assert.equal(server.sizes.length, 3);
  assertBalanced(sink.books());
  sink.write([event(2)]);
  while (gapsIn(server.spans).length === 0) await sleep(5);
  assert.deepEqual(gapsIn(server.spans), [{ count: 1, reason: 'grpc_invalid_argument', ...windowOf([event(1)]) }]);
  await sink.close(LONG);
  assertBalanced(sink.books());
});

test('a collector that has never taken anything gets no reports', async (t) => {
  const server = await startGrpcServer(t, () => REFUSED);
  const { sink } = await sinkTo(server.port, ONE_EACH);
  sink.write(events(3));
  await sink.close(LONG);
  assert.equal(server.sizes.length, 3);
  assert.equal(sink.books().reports, undefined);
});

test('a collector that rejects a part of everything: reports are few, and add up', async (t) => {
  const server = await startGrpcServer(t, (request) => (request < 20 ? { response: encodeResponse(1, 'no') } : OK));
  const { sink } = await sinkTo(server.port, { OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '10' });
  for (let request = 0; request < 20; request++) {
    const before = server.sizes.length;
    sink.write(events(10));
    while (server.sizes.length === before) await sleep(1);
  }
  await sink.close(LONG);
  const gaps = gapsIn(server.spans);
  const { dropped, reports } = sink.books();
  assert.equal(sum(gaps), dropped.rejected);
  assert.equal(gaps.length, reports);
  assert.ok(gaps.length < 10, `${gaps.length} reports`);
  assertBalanced(sink.books());
});

test('no share of spans hides a gap, and without any spans there is none', async (t) => {
  for (const [sampler, gaps] of [
    ['traceidratio', 1],
    ['always_off', 0],
  ] as const) {
    const server = await startGrpcServer(t);
    const { sink } = await sinkTo(server.port, { OTEL_TRACES_SAMPLER: sampler, OTEL_TRACES_SAMPLER_ARG: '0' });
    sink.write([event(0), notRecorded()] satisfies AgentEvent[]);
    await sink.close(LONG);
    assert.equal(gapsIn(server.spans).length, gaps, sampler);
    assertBalanced(sink.books());
  }
});

test('a spool that is full: what was given up for it arrives as spans, after the agent has ended as well', async (t) => {
  const path = newFolder(t);
  const nobody = await startGrpcServer(t, () => AWAY);
  const limits = { segmentBytes: 50_000, memoryBytes: 20_000, syncMs: 5 };
  const small = { bytes: 200_000, limits };
  const { sink } = await spooled(path, nobody.port, small);
  const all = events(2000);
  for (let at = 0; at < all.length; at += 50) {
    sink.write(all.slice(at, at + 50));
    await sleep(15);
  }
  await sink.close(LONG);
  const lost = sink.books().dropped.spool_full!;
  assert.ok(lost > 500, JSON.stringify(sink.books()));
  assertBalanced(sink.books());

  const server = await startGrpcServer(t);
  const next = await spooled(path, server.port, small);
  await next.sink.close(LONG);
  assertBalanced(next.sink.books());
  const gaps = gapsIn(server.spans);
  assert.equal(compactionsIn(server.spans).length + sum(gaps), all.length);
  const arrived = new Set(server.spans.map(({ spanId }) => spanId));
  const { start, end } = windowOf(all.filter(({ spanId }) => !arrived.has(spanId)));
  assert.ok(gaps.every(({ reason }) => reason === 'spool_full'));
  assert.equal(gaps.map((gap) => gap.start).sort()[0], start);
  assert.equal(
    gaps
      .map((gap) => gap.end)
      .sort()
      .at(-1),
    end,
  );
});

test('a damaged segment: the number of its requests, about when they were stored', async (t) => {
  const path = newFolder(t);
  const nobody = await startGrpcServer(t, () => AWAY);
  const { sink } = await spooled(path, nobody.port);
  sink.write(events(30));
  await sink.close(LONG);
  const [segment] = readdirSync(path).filter((name) => name.endsWith('.spool'));
  const file = join(path, segment!);
  const bytes = readFileSync(file);
  const inTheFirst = Math.floor(bytes.length / 12);
  bytes[inTheFirst]! ^= 0xff;
  writeFileSync(file, bytes);
  const server = await startGrpcServer(t);
  const next = await spooled(path, server.port);
  while (gapsIn(server.spans).length === 0) await sleep(5);
  await next.sink.close(LONG);
  const [gap] = gapsIn(server.spans);
  const { dropped } = next.sink.books();
  assert.deepEqual([gap!.count, gap!.reason], [dropped.spool_damaged, 'spool_damaged']);
  const ageMs = Date.now() - Number(BigInt(gap!.start) / 1_000_000n);
  assert.ok(ageMs >= 0 && ageMs < 600_000, `${ageMs} ms`);
  assertBalanced(next.sink.books());
});
