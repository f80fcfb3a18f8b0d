// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { booksReport } from '../../../src/event/books-report.ts';
import { type AgentEvent, type CompactionEvent, isCompaction } from '../../../src/event/event.ts';
import type { ReportData, Totals } from '../../../src/report/data.ts';
import { eventsOf, stacksOf } from '../../../src/report/kept-stalls.ts';
import { type ReportLimits, ReportModel } from '../../../src/report/model.ts';
import { bucketEnd, bucketOf } from '../../../src/report/totals.ts';
import { anyEvent } from '../../fuzz/events.ts';
import { event, notRecorded, snoopEvents } from '../fixtures.ts';

const HEAD = {
  version: '0',
  recording: 'stalls.jsonl',
  filters: [],
  books: booksReport({ received: 0, decoded: 0, malformed: 0, pendingBytes: 0 }, []),
};

function reportOf(events: readonly AgentEvent[], limits?: Partial<ReportLimits>): ReportData {
  const model = new ReportModel(limits);
  model.add(events);
  return model.report(HEAD);
}

const durations = (events: readonly AgentEvent[]) => events.filter(isCompaction).map((one) => one.durationNano);
const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0);
const totals = (rows: readonly (Totals | undefined)[]) => {
  const known = rows.filter((row) => row !== undefined);
  return {
    count: sum(known.map(({ count }) => count)),
    sumNano: sum(known.map(({ sumNano }) => sumNano)),
    longestNano: Math.max(0, ...known.map(({ longestNano }) => longestNano)),
  };
};

/** Each of the sums on the page, against the events. */
function assertSums(events: readonly AgentEvent[], report: ReportData): void {
  const all = durations(events);
  const expected = { count: all.length, sumNano: sum(all), longestNano: Math.max(0, ...all) };
  assert.deepEqual(report.all, expected);
  assert.deepEqual(totals([...report.who, report.whoOthers]), expected);
  assert.deepEqual(totals([...report.stacks, report.stacksOthers]), expected);
  const rows = report.cells.rows;
  assert.equal(sum(rows.map(([, , , , count]) => count)), expected.count);
  assert.equal(sum(rows.map(([, , , , , sumNano]) => sumNano)), expected.sumNano);
  assert.equal(
    sum(report.zones.flatMap(({ bins }) => bins.map(({ count }) => count))) + report.zonesLeftOut,
    all.length,
  );
  const missing = events.filter((one) => !isCompaction(one));
  assert.equal(sum(report.notRecorded.map(({ count }) => count)), sum(missing.map(({ count }) => count)));
}

/** Of whole numbers whose sum is exact. */
const someEvents = fc.array(
  anyEvent().map((one) => ({ ...one, durationNano: one.durationNano % 1e12 }) as AgentEvent),
  { maxLength: 40 },
);

/** A report without the numbers of its tables, and without an order where there is none. */
function inOrder(report: ReportData) {
  const { frames: _frames, stackTable: _stackTable, resources: _resources, stacks, who, cells, gaps, ...rest } = report;
  const sorted = (rows: readonly unknown[]) => rows.map((row) => JSON.stringify(row, keysInOrder)).sort();
  const named = cells.rows.map(([bin, service, ...row]) => [bin, cells.services[service], ...row]);
  return {
    ...rest,
    stalls: eventsOf(report),
    stacks: sorted(stacks.map((row) => ({ ...row, stack: stacksOf(report)[row.stack] ?? [] }))),
    who: sorted(who),
    cells: { ...cells, rows: sorted(named), services: cells.services.toSorted() },
    gaps: sorted(gaps),
  };
}

const keysInOrder = (_key: string, value: unknown) =>
  value !== null && typeof value === 'object' && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value;

describe('the model of a report', () => {
  it('has every compaction in each of its sums, whatever the events and the limits', () => {
    fc.assert(
      fc.property(someEvents, fc.nat(3), (events, few) => {
        const counted = events.map((one) => (isCompaction(one) ? one : { ...one, count: one.count % 1e6 }));
        const report = reportOf(counted, { stalls: few + 1, who: few + 1, stacks: few + 1 });
        assertSums(counted, report);
        assert.ok(report.who.length <= few + 1 && report.stacks.length <= few + 1);
        assert.equal(report.stalls.length, Math.min(few + 1, durations(events).length));
      }),
      { numRuns: 300 },
    );
  });

  it('goes on from a report as if it had never stopped', () => {
    fc.assert(
      fc.property(someEvents, someEvents, (first, more) => {
        const model = ReportModel.from(JSON.parse(JSON.stringify(reportOf(first))));
        model.add(more);
        assert.deepEqual(inOrder(model.report(HEAD)), inOrder(reportOf([...first, ...more])));
      }),
      { numRuns: 300 },
    );
  });

  it('keeps the latest stalls in full, if these are wanted', () => {
    const events = snoopEvents();
    const times = reportOf(events, { stalls: 3, keeps: 'latest' }).stalls.map(({ startUnixNano }) => startUnixNano);
    assert.deepEqual(
      times,
      events
        .map(({ startUnixNano }) => startUnixNano)
        .sort()
        .slice(-3),
    );
  });

  it('has the cells of an independent fold', () => {
    const events = snoopEvents();
    const { cells } = reportOf(events);
    for (const trigger of cells.triggers) {
      for (const [number, service] of cells.services.entries()) {
        const wanted = events.filter(
          (one) => one.trigger === trigger && (one.resource?.['service.name'] ?? null) === service,
        );
        const rows = cells.rows.filter(([, s, t]) => s === number && cells.triggers[t] === trigger);
        assert.equal(sum(rows.map(([, , , , count]) => count)), wanted.length);
        for (const [bin, , , bucket] of rows) {
          const from = BigInt(cells.originUnixNano) + BigInt(bin) * BigInt(cells.widthNano);
          const inBin = wanted.filter(({ startUnixNano, durationNano }) => {
            const start = BigInt(startUnixNano);
            return start >= from && start < from + BigInt(cells.widthNano) && bucketOf(durationNano) === bucket;
          });
          const row = rows.find(([b, , , k]) => b === bin && k === bucket)!;
          assert.deepEqual(row.slice(4), [inBin.length, sum(durations(inBin))]);
        }
      }
    }
  });

  it('keeps the longest in full, the earliest of equally long ones, in order of time', () => {
    const events = [5, 9, 7, 9, 1, 9].map((durationNano, i) =>
      event(i, { durationNano, startUnixNano: String(100 - i) }),
    );
    for (const order of [events, events.toReversed()]) {
      const { stalls } = reportOf(order, { stalls: 3 });
      assert.deepEqual(
        stalls.map(({ durationNano, startUnixNano }) => [startUnixNano, durationNano]),
        [
          ['95', 9],
          ['97', 9],
          ['99', 9],
        ],
      );
    }
  });

  it('has the same bins for events in any order', () => {
    const events = snoopEvents();
    const { cells } = reportOf(events);
    const backwards = reportOf(events.toReversed()).cells;
    assert.deepEqual([backwards.originUnixNano, backwards.widthNano], [cells.originUnixNano, cells.widthNano]);
    assert.ok(cells.rows.every(([bin]) => bin >= 0 && bin < 240));
  });

  it('has a bucket that holds the duration', () => {
    for (let ns = 1; ns < 1e15; ns = Math.ceil(ns * 1.37)) {
      const bucket = bucketOf(ns);
      assert.ok(ns <= bucketEnd(bucket) * (1 + 1e-9) && ns > bucketEnd(bucket - 1) * (1 - 1e-9), String(ns));
    }
    assert.equal(bucketEnd(bucketOf(0)), 0);
  });

  it('keeps hosts apart, also one of which no stall is kept in full', () => {
    const on = (name: string, free: number, durationNano: number) =>
      event(0, { host: { name }, pid: 7, tid: 7, durationNano, begin: { free, index: null, blocks: [] } });
    const { hosts, stalls, who, zones } = reportOf([on('a', 100, 5), on('b', 900, 50), on('a', 300, 1)], { stalls: 1 });
    assert.deepEqual(hosts, [{ name: 'a' }, { name: 'b' }]);
    assert.deepEqual(
      stalls.map(({ host }) => host),
      [1],
    );
    assert.deepEqual(
      who.map(({ host, sumNano }) => [host, sumNano]),
      [
        [1, 50],
        [0, 6],
      ],
    );
    assert.deepEqual(
      zones.map(({ host, bins: [bin] }) => [host, bin!.count, bin!.freeBegin]),
      [
        [0, 2, 400],
        [1, 1, 900],
      ],
    );
  });

  it('shows what was left out or lost, by reason', () => {
    const { notRecorded: rows, gaps } = reportOf([
      notRecorded({ count: 3, sumNano: 30, longestNano: 20 }),
      notRecorded({ count: 2, sumNano: 5, longestNano: 4 }),
      notRecorded({ reason: 'ring_full', count: 7 }),
    ]);
    assert.deepEqual(
      rows.map(({ reason, count }) => [reason, count]),
      [
        ['rate', 5],
        ['ring_full', 7],
      ],
    );
    assert.deepEqual(gaps.map(({ count }) => count).toSorted(), [2, 3, 7]);
    assert.deepEqual([rows[0]!.sumNano, rows[0]!.longestNano], [35, 20]);
  });

  it('cuts what is longer than anything real, and takes no field that it does not know', () => {
    const long = 'x'.repeat(1000);
    const odd = {
      ...event(0, { comm: long, stack: Array.from({ length: 300 }, () => long), gfp: [long] }),
      resource: Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`${i}${long}`, long])),
      unknown: long,
    } as CompactionEvent;
    assert.ok(JSON.stringify(reportOf([odd])).length < 100_000);
  });
});
