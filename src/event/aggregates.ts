// SPDX-License-Identifier: Apache-2.0
import type { Trigger } from './event.ts';

/**
 * What all compactions were, added up since the programs were attached, whatever filters leave out and whether or not the ring
 * has room. Numbers never fall, and rows never go away. A compaction that ends while they are read may be in the count of its
 * row and not yet in the sums.
 */
export interface Aggregates {
  compactions: readonly CompactionAggregate[];
  /** Of compactions for which there was no room for another row. */
  compactionsOverflow: CompactionTotals;
  /** Direct compactions, by the cgroup of the stalled thread. */
  directStalls: readonly CgroupStalls[];
  directStallsOverflow: StallTotals;
}

/** The compactions with the same trigger, place, order and status, named as in a CompactionEvent. */
export interface CompactionAggregate extends CompactionTotals {
  trigger: Trigger;
  node: number;
  zone: string;
  order: number;
  status: string;
}

export interface CompactionTotals {
  count: number;
  sumNano: number;
  /** Pages. */
  scanned: { migrate: number; free: number };
  durations: ExponentialHistogram;
}

/** OTLP's exponential histogram, of durations in seconds. Its counts add up to the number of compactions. */
export interface ExponentialHistogram {
  /** There are 2^scale buckets from each power of two to the next. */
  scale: number;
  /** The longest duration that counts as zero, in seconds. */
  zeroThreshold: number;
  zeroCount: number;
  /** The index of the first bucket. Bucket i holds durations above 2^(i / 2^scale) s and up to 2^((i + 1) / 2^scale) s. */
  offset: number;
  /** Neither begins nor ends with a zero; empty when all durations count as zero. */
  bucketCounts: readonly number[];
}

export interface StallTotals {
  count: number;
  sumNano: number;
}

export interface CgroupStalls extends StallTotals {
  cgroupId: string;
}

/** What the sums are over. */
export interface Counting {
  /** When the programs were attached, or shortly before. */
  sinceUnixNano: bigint;
  /** Whether an earlier agent has attached them, and may have exported a part of the sums. */
  goesOn: boolean;
}
