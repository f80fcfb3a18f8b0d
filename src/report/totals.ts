// SPDX-License-Identifier: Apache-2.0
import { HISTOGRAM_SCALE, type Totals, ZERO_BUCKET } from './data.ts';

export const nothing = (): Totals => ({ count: 0, sumNano: 0, longestNano: 0 });

export function addTo(totals: Totals, { count, sumNano, longestNano }: Totals): void {
  totals.count += count;
  totals.sumNano += sumNano;
  totals.longestNano = Math.max(totals.longestNano, longestNano);
}

/** The totals of one compaction. */
export const once = (durationNano: number): Totals => ({
  count: 1,
  sumNano: durationNano,
  longestNano: durationNano,
});

/** The index of the bucket that holds a duration: see ExponentialHistogram of src/event/aggregates.ts. */
export const bucketOf = (durationNano: number): number =>
  durationNano === 0 ? ZERO_BUCKET : Math.ceil(Math.log2(durationNano / 1e9) * 2 ** HISTOGRAM_SCALE) - 1;

/** The longest duration of a bucket, in nanoseconds. */
export const bucketEnd = (bucket: number): number =>
  bucket === ZERO_BUCKET ? 0 : 1e9 * 2 ** ((bucket + 1) / 2 ** HISTOGRAM_SCALE);
