// SPDX-License-Identifier: Apache-2.0
// The sums that the kernel keeps over all compactions: they equal the records where every record arrives, the kernel's own
// counters, and the books, whatever is left out. Direct compactions come from the workload of the emulated machines.
import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { COMPACT_MEMORY, compact, populatedZones, vmstat } from '../../harness/host.ts';
import { Fragment } from '../../harness/programs/fragment/fragment.ts';
import { makeHostSmall, SMALL_HOST_SETTINGS } from '../../harness/small-host.ts';
import type { Aggregates, CompactionTotals, StallTotals } from '../../src/event/aggregates.ts';
import { type CompactionEvent, isCompaction, TRIGGERS } from '../../src/event/event.ts';
import type { KernelBooks } from '../../src/event/source-books.ts';
import { AGGREGATE_ROWS } from '../../src/live/aggregates.ts';
import type { LiveOptions } from '../../src/live/attachment.ts';
import { LiveSource } from '../../src/live/live-source.ts';
import { DEFAULT_RING_BYTES } from '../../src/live/open.ts';
import { Verification } from '../../src/live/verify.ts';
import { cgroup, version2 } from '../support/cgroups.ts';

/** A prime, so that a wrong factor of two or three cannot hide. */
const WRITES = 23;
const HOUR_NS = 3.6e12;
const WANTED_STALLS = 101;
const ATTEMPTS = 3;
const COUNTERS = ['compact_migrate_scanned', 'compact_free_scanned'] as const;
const SCALE = 3;
const ZERO_THRESHOLD = 2 ** -20;

interface Outcome {
  aggregates: Aggregates;
  events: CompactionEvent[];
  kernel: KernelBooks;
  /** Of --verify: the pages of the books against vmstat. */
  verification: Verification;
}

interface Running {
  source: LiveSource;
  events: readonly CompactionEvent[];
}

type Work = (running: Running) => void | Promise<void>;

/** One whose begin came before the attach, such as kcompactd's on a small host, has no place in the sums: then once more. */
async function run(options: Partial<LiveOptions>, work: Work): Promise<Outcome> {
  for (let attempt = 1; ; attempt++) {
    const outcome = await runOnce(options, work);
    if (outcome.kernel.endWithoutBegin === 0 || attempt === ATTEMPTS) return outcome;
  }
}

async function runOnce(options: Partial<LiveOptions>, work: Work): Promise<Outcome> {
  const verification = new Verification();
  const source = new LiveSource({
    minDurationNs: 0,
    triggers: TRIGGERS,
    context: 'off',
    ringBytes: DEFAULT_RING_BYTES,
    runTimeStats: false,
    aggregates: AGGREGATE_ROWS,
    onDetached: () => verification.detached(),
    ...options,
  });
  try {
    verification.attached();
    const events: CompactionEvent[] = [];
    const ended = source.run((batch) => {
      const compactions = batch.filter(isCompaction);
      verification.add(compactions);
      events.push(...compactions);
    });
    await work({ source, events });
    verification.detaching();
    await source.stop();
    await ended;
    return { aggregates: source.readAggregates(), events, kernel: source.books().kernel!, verification };
  } finally {
    await source.close();
  }
}

/** The bucket of a duration, by whole numbers alone: the first i with ns <= 10^9 * 2^((i + 1) / 8), or 'zero'. */
function bucketOf(ns: number): number | 'zero' {
  if (ns / 1e9 <= ZERO_THRESHOLD) return 'zero';
  const power = BigInt(ns) ** 8n;
  const isAbove = (k: number) => (k < 0 ? power << BigInt(-k) : power) > (10n ** 72n) << BigInt(Math.max(0, k));
  let k = Math.floor(Math.log2(ns / 1e9) * 8) - 1;
  assert.ok(isAbove(k), 'a bucket below');
  while (isAbove(k)) k += 1;
  return k - 1;
}

function totalsOf(events: readonly CompactionEvent[]) {
  const buckets = Map.groupBy(events, ({ durationNano }) => bucketOf(durationNano));
  return {
    count: events.length,
    sumNano: events.reduce((sum, { durationNano }) => sum + durationNano, 0),
    migrate: events.reduce((sum, { scanned }) => sum + scanned.migrate, 0),
    free: events.reduce((sum, { scanned }) => sum + scanned.free, 0),
    buckets: new Map([...buckets].map(([bucket, list]) => [bucket, list.length])),
  };
}

/** The same of the kernel's sums. */
function totals({ count, sumNano, scanned, durations }: CompactionTotals) {
  const { scale, zeroThreshold, zeroCount, offset, bucketCounts } = durations;
  assert.deepEqual([scale, zeroThreshold], [SCALE, ZERO_THRESHOLD]);
  const buckets = bucketCounts.map((n, i): [number | 'zero', number] => [offset + i, n]);
  const all: [number | 'zero', number][] = [['zero', zeroCount], ...buckets];
  return { count, sumNano, ...scanned, buckets: new Map(all.filter(([, n]) => n > 0)) };
}

interface Series {
  trigger: string;
  node: number;
  zone: string;
  order: number;
  status: string;
}
const keyOf = ({ trigger, node, zone, order, status }: Series) => `${trigger} ${node} ${zone} ${order} ${status}`;

/** Each row by its key, of the kernel's sums. A key that comes twice is a mistake. */
function rows({ compactions }: Aggregates) {
  const found = new Map(compactions.map((row) => [keyOf(row), totals(row)]));
  assert.equal(found.size, compactions.length);
  return found;
}

function rowsOf(events: readonly CompactionEvent[]) {
  return new Map([...Map.groupBy(events, keyOf)].map(([key, list]) => [key, totalsOf(list)]));
}

const stallsOf = (events: readonly CompactionEvent[]): StallTotals => {
  const direct = events.filter(({ trigger }) => trigger === 'direct');
  const { count, sumNano } = totalsOf(direct);
  return { count, sumNano };
};

function cgroupRowsOf(events: readonly CompactionEvent[]) {
  const direct = events.filter(({ trigger }) => trigger === 'direct');
  return new Map([...Map.groupBy(direct, ({ cgroupId }) => cgroupId)].map(([id, list]) => [id, stallsOf(list)]));
}

const cgroupRows = ({ directStalls }: Aggregates) =>
  new Map(directStalls.map(({ cgroupId, ...stalls }) => [cgroupId, stalls]));

const sum = (list: readonly CompactionTotals[], value: (totals: CompactionTotals) => number) =>
  list.reduce((total, one) => total + value(one), 0);

/** All that was paired, and all pages, are in the sums. */
function complete({ aggregates, kernel, verification }: Outcome): void {
  const all = [...aggregates.compactions, aggregates.compactionsOverflow];
  assert.equal(kernel.endWithoutBegin, 0);
  assert.equal(
    sum(all, ({ count }) => count),
    kernel.paired,
  );
  const { lines } = verification.result(kernel);
  for (const line of lines) assert.doesNotMatch(line, /compactions seen \d+: NOT EQUAL/);
  assert.deepEqual(
    [sum(all, ({ scanned }) => scanned.migrate), sum(all, ({ scanned }) => scanned.free)],
    [kernel.migrateScanned, kernel.freeScanned],
  );
}

const NOTHING = { count: 0, sumNano: 0 };

describe(`${WRITES} writes to ${COMPACT_MEMORY}`, () => {
  const zones = populatedZones();
  const expected = new Map(zones.map(({ node, name }) => [`${node}/${name}`, WRITES]));
  /** Compactions by the zone; those of a write come from this thread, and others may compact meanwhile. */
  const manualByZone = ({ compactions }: Aggregates) => {
    const manual = compactions.filter(({ trigger }) => trigger === 'manual');
    const byZone = Map.groupBy(manual, ({ node, zone }) => `${node}/${zone}`);
    return new Map([...byZone].map(([zone, list]) => [zone, sum(list, ({ count }) => count)]));
  };

  it('the sums equal the records: each row, its pages, and each bucket', async () => {
    const outcome = await run({}, () => compact(COMPACT_MEMORY, WRITES));
    assert.equal(outcome.kernel.emitted, outcome.events.length);
    assert.deepEqual(rows(outcome.aggregates), rowsOf(outcome.events));
    assert.deepEqual(manualByZone(outcome.aggregates), expected);
    assert.equal(outcome.aggregates.compactionsOverflow.count, 0);
    complete(outcome);
  });

  for (const [what, options] of Object.entries({
    'a minimum duration': { minDurationNs: HOUR_NS },
    'another trigger': { triggers: ['direct'] },
    'another process': { pid: 1 },
    'a ring without room': { ringBytes: 4096 },
  } satisfies Record<string, Partial<LiveOptions>>)) {
    it(`${what} leaves nearly everything out, and the sums are complete, to the page`, async () => {
      let scanned: number[] = [];
      const outcome = await run(options, () => {
        const before = COUNTERS.map(vmstat);
        compact(COMPACT_MEMORY, WRITES);
        scanned = COUNTERS.map((name, i) => vmstat(name) - before[i]!);
      });
      assert.ok(outcome.events.length < outcome.kernel.paired / 2, `${outcome.events.length} records`);
      const { compactions } = outcome.aggregates;
      assert.deepEqual(manualByZone(outcome.aggregates), expected);
      assert.deepEqual(
        [sum(compactions, ({ scanned }) => scanned.migrate), sum(compactions, ({ scanned }) => scanned.free)],
        scanned,
      );
      complete(outcome);
    });
  }

  it('what has no row is in the overflow', async () => {
    const { aggregates, events, ...rest } = await run({ aggregates: { compactions: 1, cgroups: 1 } }, () =>
      compact(COMPACT_MEMORY, WRITES),
    );
    const [key, ...others] = rows(aggregates).keys();
    assert.equal(others.length, 0);
    const { overflow, row } = Object.groupBy(events, (event) => (keyOf(event) === key ? 'row' : 'overflow'));
    assert.deepEqual(rows(aggregates), rowsOf(row!));
    assert.deepEqual(totals(aggregates.compactionsOverflow), totalsOf(overflow!));
    complete({ aggregates, events, ...rest });
  });

  it('grow while they are read', async () => {
    let counts: number[] = [];
    await run({}, ({ source }) => {
      counts = [];
      const manual = () => [...manualByZone(source.readAggregates()).values()];
      assert.deepEqual(manual(), []);
      for (let i = 0; i < WRITES; i++) {
        compact(COMPACT_MEMORY, 1);
        counts.push(manual().reduce((a, b) => a + b));
      }
    });
    assert.deepEqual(
      counts,
      counts.map((_, i) => (i + 1) * zones.length),
    );
  });
});

describe('direct compactions in two cgroups', () => {
  const had = SMALL_HOST_SETTINGS.map((path) => readFileSync(path, 'utf8'));
  let putBack: () => Promise<void>;

  before(() => {
    putBack = makeHostSmall();
  });
  after(async () => {
    await putBack();
    assert.deepEqual(
      SMALL_HOST_SETTINGS.map((path) => readFileSync(path, 'utf8')),
      had,
    );
  });

  /** Lets the workload stall in one cgroup after the other. The sums never fall meanwhile. */
  async function stallIn(cgroups: readonly string[], { source, events }: Running): Promise<void> {
    let previous = NOTHING;
    for (const path of cgroups) {
      const id = String(statSync(path).ino);
      const fragment = new Fragment('-r', '0');
      writeFileSync(`${path}/cgroup.procs`, String(fragment.pid));
      while (events.filter(({ trigger, cgroupId }) => trigger === 'direct' && cgroupId === id).length < WANTED_STALLS) {
        await sleep(20);
        const { directStalls, directStallsOverflow } = source.readAggregates();
        const now = [...directStalls, directStallsOverflow].reduce((a, b) => ({
          count: a.count + b.count,
          sumNano: a.sumNano + b.sumNano,
        }));
        assert.ok(now.count >= previous.count && now.sumNano >= previous.sumNano);
        previous = now;
      }
      await fragment.stop();
    }
  }

  it('the sums equal the records, for each cgroup and each row', async (t) => {
    const cgroups = [cgroup(t, version2!, 'one'), cgroup(t, version2!, 'two')];
    const outcome = await run({}, (running) => stallIn(cgroups, running));
    const { aggregates, events, kernel } = outcome;
    assert.equal(kernel.emitted, events.length);
    assert.deepEqual(rows(aggregates), rowsOf(events));
    assert.deepEqual(cgroupRows(aggregates), cgroupRowsOf(events));
    for (const path of cgroups) assert.ok(cgroupRows(aggregates).get(String(statSync(path).ino))!.count > 0);
    assert.deepEqual(aggregates.directStallsOverflow, NOTHING);
    complete(outcome);
  });

  it('a cgroup without a row is in the overflow', async (t) => {
    const cgroups = [cgroup(t, version2!, 'one'), cgroup(t, version2!, 'two')];
    const rows = { ...AGGREGATE_ROWS, cgroups: 1 };
    const outcome = await run({ aggregates: rows }, (running) => stallIn(cgroups, running));
    const { aggregates, events } = outcome;
    const [id, ...others] = cgroupRows(aggregates).keys();
    assert.equal(others.length, 0);
    const { overflow, row } = Object.groupBy(events, ({ cgroupId }) => (cgroupId === id ? 'row' : 'overflow'));
    assert.deepEqual(cgroupRows(aggregates), cgroupRowsOf(row!));
    assert.deepEqual(aggregates.directStallsOverflow, stallsOf(overflow!));
    assert.ok(aggregates.directStallsOverflow.count > 0);
    complete(outcome);
  });
});
