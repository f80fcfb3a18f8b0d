// SPDX-License-Identifier: Apache-2.0
// The kernel's sums of a running agent: each compaction is in exactly one slice, whatever is read when.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Aggregates, CompactionTotals } from '../../../src/event/aggregates.ts';
import { TRIGGERS } from '../../../src/event/event.ts';
import type { KernelSlice } from '../../../src/report/data.ts';
import { KernelDifferences } from '../../../src/report/kernel-differences.ts';
import { Slices } from '../../../src/report/slices.ts';
import { bucketEnd, bucketOf } from '../../../src/report/totals.ts';

const SCALE = 3;
const OFFSET = -20 * 2 ** SCALE;

/** What the kernel would have of these durations. */
function totals(durations: readonly number[]): CompactionTotals {
  const bucketCounts: number[] = [];
  let zeroCount = 0;
  for (const ns of durations) {
    const bucket = Math.ceil(Math.log2(ns / 1e9) * 2 ** SCALE) - 1;
    if (bucket < OFFSET) zeroCount += 1;
    else bucketCounts[bucket - OFFSET] = (bucketCounts[bucket - OFFSET] ?? 0) + 1;
  }
  return {
    count: durations.length,
    sumNano: durations.reduce((a, b) => a + b, 0),
    scanned: { migrate: 0, free: 0 },
    durations: {
      scale: SCALE,
      zeroThreshold: 2 ** -20,
      zeroCount,
      offset: OFFSET,
      bucketCounts: Array.from(bucketCounts, (n) => n ?? 0),
    },
  };
}

const aggregates = (durations: readonly number[]): Aggregates => ({
  compactions: [0, 9].map((order) => ({
    trigger: 'direct',
    node: 0,
    zone: 'Normal',
    order,
    status: 'success',
    ...totals(durations.filter((_, i) => (i % 2 === 0) === (order === 0))),
  })),
  compactionsOverflow: totals([]),
  directStalls: [],
  directStallsOverflow: { count: 0, sumNano: 0 },
});

const counted = (slices: readonly KernelSlice[]) =>
  slices.flatMap(({ counts }) => counts).reduce((sum, [, , n]) => sum + n, 0);
const summed = (slices: readonly KernelSlice[]) =>
  slices.flatMap(({ sums }) => sums).reduce((sum, [, n]) => sum + n, 0);

describe("the kernel's sums", () => {
  it('are differences from one read to the next, in the buckets of a report', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.integer({ min: 1, max: 60e9 }), { maxLength: 20 }), { maxLength: 10 }),
        (reads) => {
          const kernel = new KernelDifferences(0n);
          const all: number[] = [];
          for (const [i, more] of reads.entries()) {
            all.push(...more);
            const slice = kernel.next(aggregates(all), BigInt(i + 1));
            assert.equal(slice === undefined, more.length === 0);
            if (!slice) continue;
            assert.deepEqual([slice.fromUnixNano, slice.toUnixNano], [String(i), String(i + 1)]);
            const expected = new Map<number, number>();
            for (const ns of more) {
              // What the kernel counts as zero is in one bucket.
              const bucket = Math.max(bucketOf(ns), bucketOf(1e9 * 2 ** -20));
              expected.set(bucket, (expected.get(bucket) ?? 0) + 1);
            }
            const found = slice.counts.map(([trigger, bucket, n]) => {
              assert.equal(TRIGGERS[trigger], 'direct');
              return [bucket, n] as const;
            });
            assert.deepEqual(new Map(found.toSorted()), new Map([...expected].toSorted()));
            assert.equal(
              summed([slice]),
              more.reduce((a, b) => a + b, 0),
            );
          }
        },
      ),
    );
    assert.equal(bucketEnd(bucketOf(1e9 * 2 ** -20)), 1e9 * 2 ** -20);
  });

  it('stay complete in a bounded number of slices, the latest of them short', () => {
    const slices = new Slices();
    const SECOND = 1_000_000_000n;
    const n = 86_400;
    for (let i = 0; i < n; i += 1) {
      slices.add({
        fromUnixNano: String(BigInt(i) * SECOND),
        toUnixNano: String(BigInt(i + 1) * SECOND),
        counts: [[0, -10, 1]],
        sums: [[0, 7]],
      });
    }
    const all = slices.report();
    assert.deepEqual([counted(all), summed(all)], [n, 7 * n]);
    assert.ok(all.length <= 300, String(all.length));
    for (const [i, { fromUnixNano, toUnixNano }] of all.entries()) {
      assert.equal(fromUnixNano, i === 0 ? '0' : all[i - 1]!.toUnixNano);
      const age = BigInt(n) * SECOND - BigInt(fromUnixNano);
      assert.ok((BigInt(toUnixNano) - BigInt(fromUnixNano)) * 10n <= age || age < 20n * SECOND, `${fromUnixNano}`);
    }
  });

  it('are of times in order, and complete, where the clock was set back', () => {
    const slices = new Slices();
    const kernel = new KernelDifferences(0n);
    const durations: number[] = [];
    const SECOND = 1e9;
    const times = (from: number, n: number) => Array.from({ length: n }, (_, i) => from + (i * SECOND) / 2);
    // An hour back after 500 s, and then over that time again.
    for (const at of [...times(4000 * SECOND, 1000), ...times(400 * SECOND, 9000)]) {
      durations.push(1e6);
      slices.add(kernel.next(aggregates(durations), BigInt(at))!);
      if (durations.length % 100 > 0) continue;
      const all = slices.report();
      assert.deepEqual([counted(all), all.length <= 300], [durations.length, true]);
      for (const { fromUnixNano, toUnixNano } of all) assert.ok(BigInt(fromUnixNano) <= BigInt(toUnixNano));
      const latest = all.at(-1)!;
      assert.equal(latest.toUnixNano, String(at));
      assert.ok(BigInt(latest.toUnixNano) - BigInt(latest.fromUnixNano) <= SECOND, 'the latest are short');
    }
  });

  it('of less than a second are one slice', () => {
    const slices = new Slices();
    const add = (from: number, to: number) =>
      slices.add({ fromUnixNano: `${from}`, toUnixNano: `${to}`, counts: [[0, 1, 1]], sums: [[0, 1]] });
    add(0, 4e8);
    add(4e8, 1e9);
    add(1e9, 1.5e9);
    assert.deepEqual(
      slices.report().map(({ toUnixNano, counts }) => [toUnixNano, counts]),
      [
        ['1000000000', [[0, 1, 2]]],
        ['1500000000', [[0, 1, 1]]],
      ],
    );
  });
});
