// SPDX-License-Identifier: Apache-2.0
// --output perfetto:FILE, read by Perfetto's own trace processor.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { TraceProcessor } from '../../harness/viewers/trace-processor.ts';
import type { AgentEvent, CompactionEvent } from '../../src/event/event.ts';
import { parseLines, runToEnd } from '../support/agent.ts';
import { assertSlices, slicesOf } from '../support/perfetto.ts';
import { event, notRecorded } from '../unit/fixtures.ts';

const folder = mkdtempSync(join(tmpdir(), 'compactstall-'));
after(() => rmSync(folder, { recursive: true }));

const RECORDING = new URL('../../examples/recording.jsonl', import.meta.url).pathname;
const recorded = parseLines(readFileSync(RECORDING, 'utf8'));
const START = BigInt(recorded[0]!.startUnixNano);

/** A real event, at another time. */
const at = (startNs: number, durationNano: number, change: Partial<CompactionEvent> = {}): CompactionEvent => ({
  ...recorded[0]!,
  startUnixNano: `${START + BigInt(startNs)}`,
  durationNano,
  spanId: startNs.toString(16).padStart(8, '0') + (change.tid ?? 0).toString(16).padStart(8, '0'),
  ...change,
});

let files = 0;
async function traceOf(events: readonly AgentEvent[]): Promise<Buffer> {
  const [from, to] = [join(folder, `${++files}.jsonl`), join(folder, `${files}.pftrace`)];
  writeFileSync(from, events.map((one) => `${JSON.stringify(one)}\n`).join(''));
  return replayed(from, to);
}

async function replayed(from: string, to: string): Promise<Buffer> {
  const { code, stderr, books } = await runToEnd(['replay', from, '-o', `perfetto:${to}`], { books: true });
  assert.equal(code, 0, stderr);
  assert.ok(books!.balances, stderr);
  return readFileSync(to);
}

describe('a recording of real stalls, some of which overlap', () => {
  const file = join(folder, 'recorded.pftrace');
  before(() => replayed(RECORDING, file));

  it('is a slice of its thread and one of its zone for each, with the begin and the duration to the nanosecond', async () => {
    const overlapping = recorded.filter(({ startUnixNano, spanId }) =>
      recorded.some(
        (other) =>
          other.spanId !== spanId &&
          BigInt(other.startUnixNano) < BigInt(startUnixNano) &&
          BigInt(startUnixNano) < BigInt(other.startUnixNano) + BigInt(other.durationNano),
      ),
    );
    assert.ok(overlapping.length > 0);
    const processor = await TraceProcessor.open(readFileSync(file));
    assertSlices(processor, recorded);
  });

  it('has named tracks, the state of the zone as counters, and arrows from thread to zone', async () => {
    const processor = await TraceProcessor.open(readFileSync(file));
    const names = processor.query('select distinct name from process where name is not null').map(({ name }) => name);
    const services = new Set(recorded.map(({ resource, comm }) => resource?.['service.name'] ?? comm));
    assert.deepEqual(names.sort(), [...services].sort());
    const threads = processor.query(
      'select distinct tid, t.name from slice join thread_track tt on track_id = tt.id join thread t using (utid)',
    );
    const expected = new Map(recorded.map(({ tid, comm }) => [tid, comm]));
    assert.deepEqual(new Map(threads.map(({ tid, name }) => [tid, name])), expected);
    const counters = processor.query(
      `select c.ts, cast(c.value as int) as value, t.name, p.name as node from counter c
        join track t on c.track_id = t.id join track p on t.parent_id = p.id`,
    );
    const blocks = recorded.flatMap(({ startUnixNano, durationNano, node, zone, begin, end }) =>
      [begin, end].flatMap((state, which) =>
        state.blocks.map((value, order) => ({
          ts: BigInt(startUnixNano) + (which === 0 ? 0n : BigInt(durationNano)),
          value,
          name: `zone ${zone}: free blocks of order ${order}`,
          node: `node ${node}`,
        })),
      ),
    );
    const key = (one: object) => Object.values(one).join();
    assert.deepEqual(counters.map(key).sort(), blocks.map(key).sort());
    const flows = processor.query(
      `select a.category as from_category, b.category as to_category, count(*) as n, min(a.ts = b.ts) as same from flow
        join slice a on slice_out = a.id join slice b on slice_in = b.id group by 1, 2`,
    );
    assert.deepEqual(flows, [{ from_category: 'compaction', to_category: 'zone', n: recorded.length, same: 1 }]);
  });

  it('answers the question of docs/viewers.md', async () => {
    const document = readFileSync(new URL('../../docs/viewers.md', import.meta.url), 'utf8');
    const [, question] = /```sql\n(.*?);\n```/s.exec(document)!;
    const processor = await TraceProcessor.open(readFileSync(file));
    const rows = processor.query(question!);
    const ms = rows.reduce((sum, { ms }) => sum + Number(ms), 0);
    const expected = recorded.reduce((sum, { durationNano }) => sum + durationNano / 1e6, 0);
    assert.ok(Math.abs(ms - expected) < 1e-3);
  });

  it('cut anywhere is readable up to there, and can be appended to', async () => {
    const whole = readFileSync(file);
    for (const share of [0.2, 0.5, 0.9, 0.999]) {
      const cut = whole.subarray(0, Math.floor(whole.length * share));
      const path = join(folder, `cut-${share}.pftrace`);
      writeFileSync(path, cut);
      const before = slicesOf(await TraceProcessor.open(cut), 'compaction');
      assert.ok(Math.abs(before.length - recorded.length * share) < recorded.length / 4, `${share}: ${before.length}`);
      const later = [at(2e9, 1000)];
      writeFileSync(`${path}.jsonl`, later.map((one) => `${JSON.stringify(one)}\n`).join(''));
      const after = slicesOf(await TraceProcessor.open(await replayed(`${path}.jsonl`, path)), 'compaction');
      assert.ok(after.some(({ span }) => span === later[0]!.spanId));
      assert.equal(after.length, before.length + 1);
    }
  });
});

it('kcompactd, two attempts and a thread without a number in one zone at a time: each keeps its length', async () => {
  const { resource: _, executable: __, ...kcompactd } = at(0, 50_000, { pid: 39, tid: 39, comm: 'kcompactd0' });
  const outside = { pid: 0, tid: 0, comm: 'outside' };
  const events = [
    at(2_000, 5_000, { pid: 10, tid: 11 }),
    at(1_000, 10_000, { pid: 10, tid: 12 }),
    // Both begin when another ends.
    at(7_000, 1_000, { pid: 10, tid: 11 }),
    at(500, 500, { pid: 10, tid: 12 }),
    { ...kcompactd, trigger: 'kcompactd' as const },
    at(3_000, 90, outside),
    { ...at(3_050, 100, outside), spanId: 'a'.repeat(16) },
    at(3_060, 0, { pid: 10, tid: 13 }),
  ];
  const processor = await TraceProcessor.open(await traceOf(events));
  assertSlices(processor, events);
});

it('an attempt: arrows from zone to zone in the thread', async () => {
  const attempt = { attempt: '10-77', pid: 10, tid: 11 };
  const events = [at(0, 10, attempt), at(20, 10, { ...attempt, zone: 'DMA', zoneIndex: 0 }), at(40, 10, attempt)];
  const processor = await TraceProcessor.open(await traceOf(events));
  const flows = processor.query(
    `select a.ts as from_ts, b.ts as to_ts from flow join slice a on slice_out = a.id join slice b on slice_in = b.id
      where b.category = 'compaction' order by 1`,
  );
  const expected = [0, 20].map((ns) => ({ from_ts: START + BigInt(ns), to_ts: START + BigInt(ns + 20) }));
  assert.deepEqual(flows, expected);
});

it('joined recordings: processes, threads, zones and attempts of two hosts stay two', async () => {
  const same = { pid: 10, tid: 11, attempt: '10-77' };
  const of = (name: string | undefined, startNs: number) => ({
    ...at(startNs, 1_000, { ...same, ...(name && { host: { name } }) }),
    spanId: startNs.toString(16).padStart(16, 'a'),
  });
  const events = [of('node-a', 0), of('node-b', 500), of(undefined, 600), of('node-a', 3_000), of('node-b', 3_500)];
  const gap = { ...notRecorded(), host: { id: 'an-id' } };
  const processor = await TraceProcessor.open(await traceOf([...events, gap]));
  assertSlices(processor, events);
  const service = recorded[0]!.resource!['service.name'];
  const rows = processor.query(
    `select p.name, p.pid, t.tid, count(*) as n, count(distinct s.track_id) as tracks from slice s
      join thread_track tt on s.track_id = tt.id join thread t using (utid) join process p using (upid) group by upid, utid order by 1`,
  );
  assert.deepEqual(
    rows,
    [
      [service, 2],
      [`${service} (node-b)`, 2],
      [`${service} (unknown host)`, 1],
    ].map(([name, n]) => ({ name, pid: 10, tid: 11, n, tracks: 1 })),
  );
  const parents = processor.query(
    `select p.name, count(*) as n from slice s join track t on s.track_id = t.id join track p on t.parent_id = p.id
      where s.category in ('zone', 'not_recorded') group by 1 order by 1`,
  );
  const nodes = [
    ['compactstall (an-id)', 1],
    ['node 0', 2],
    ['node 0 (node-b)', 2],
    ['node 0 (unknown host)', 1],
  ];
  assert.deepEqual(
    parents,
    nodes.map(([name, n]) => ({ name, n })),
  );
  const arrows = processor.query(
    "select count(*) as n from flow join slice b on slice_in = b.id where b.category = 'compaction'",
  );
  assert.deepEqual(arrows, [{ n: 2 }]);
});

it('gaps are slices with their numbers, and hostile names are text', async () => {
  const gap = notRecorded();
  const name = `"; drop table slice; --\u001b[2J<script>${'\u{1f4a5}'}`;
  const hostile = event(1, { comm: 'a\u0000b', resource: { 'service.name': name }, startUnixNano: gap.startUnixNano });
  const processor = await TraceProcessor.open(await traceOf([gap, hostile]));
  const [slice, ...others] = slicesOf(processor, 'not_recorded');
  assert.deepEqual(others, []);
  assert.equal(slice!.dur, gap.durationNano);
  const [count] = processor.query(
    `select int_value from args join slice using (arg_set_id)
      where category = 'not_recorded' and key = 'debug.compaction_not_recorded_count'`,
  );
  assert.equal(count!.int_value, gap.count);
  const [process] = processor.query('select name from process where name is not null');
  assert.equal(process!.name, name.replace('\u001b', '?'));
});
