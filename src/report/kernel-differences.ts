// SPDX-License-Identifier: Apache-2.0
import type { Aggregates, CompactionTotals } from '../event/aggregates.ts';
import { TRIGGERS } from '../event/event.ts';
import { HISTOGRAM_SCALE, type KernelSlice, UNKNOWN_TRIGGER } from './data.ts';

type Totals = Map<string, number>;

/** What the kernel has added up since the last time that it was looked at. */
export class KernelDifferences {
  #atUnixNano: bigint;
  #counts: Totals = new Map();
  #sums: Totals = new Map();

  /** @param sinceUnixNano since when it adds up */
  constructor(sinceUnixNano: bigint) {
    this.#atUnixNano = sinceUnixNano;
  }

  /** @returns undefined where nothing was added */
  next(aggregates: Aggregates, nowUnixNano: bigint): KernelSlice | undefined {
    const counts: Totals = new Map();
    const sums: Totals = new Map();
    for (const row of aggregates.compactions) addRow(counts, sums, TRIGGERS.indexOf(row.trigger), row);
    addRow(counts, sums, UNKNOWN_TRIGGER, aggregates.compactionsOverflow);
    const slice: KernelSlice = {
      // The clock may have been set back.
      fromUnixNano: String(this.#atUnixNano < nowUnixNano ? this.#atUnixNano : nowUnixNano),
      toUnixNano: String(nowUnixNano),
      counts: difference(counts, this.#counts) as KernelSlice['counts'],
      sums: difference(sums, this.#sums) as KernelSlice['sums'],
    };
    [this.#counts, this.#sums, this.#atUnixNano] = [counts, sums, nowUnixNano];
    return slice.counts.length > 0 || slice.sums.length > 0 ? slice : undefined;
  }
}

function addRow(counts: Totals, sums: Totals, trigger: number, { durations, sumNano }: CompactionTotals): void {
  const { scale, zeroThreshold, zeroCount, offset, bucketCounts } = durations;
  add(sums, `${trigger}`, sumNano);
  // The longest that counts as zero is the end of a bucket.
  add(counts, `${trigger},${Math.round(Math.log2(zeroThreshold) * 2 ** HISTOGRAM_SCALE) - 1}`, zeroCount);
  bucketCounts.forEach((n, i) => {
    // Buckets of a larger scale are parts of these.
    add(counts, `${trigger},${Math.floor((offset + i) / 2 ** (scale - HISTOGRAM_SCALE))}`, n);
  });
}

function add(totals: Totals, key: string, n: number): void {
  if (n > 0) totals.set(key, (totals.get(key) ?? 0) + n);
}

const difference = (now: Totals, before: Totals): number[][] =>
  [...now].flatMap(([key, n]) => {
    const more = n - (before.get(key) ?? 0);
    return more > 0 ? [[...key.split(',').map(Number), more]] : [];
  });
