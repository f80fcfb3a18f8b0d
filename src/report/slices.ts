// SPDX-License-Identifier: Apache-2.0
import type { KernelSlice } from './data.ts';

const MAX_SLICES = 300;
/** Slices that are together not longer than this are one. */
const SHORTEST_NANO = 1e9;

/** Counts and sums are few: triggers, and buckets of the durations that occur. */
type Summed = [...key: number[], n: number];

/**
 * What the kernel has added up from one read to the next, in a bounded number of slices: the older they are, the longer they become. Each
 * compaction stays in exactly one.
 */
export class Slices {
  #slices: KernelSlice[] = [];

  /** @param slice later than all others, unless the clock was set back */
  add(slice: KernelSlice): void {
    const last = this.#slices.at(-1);
    const length = last && BigInt(slice.toUnixNano) - BigInt(last.fromUnixNano);
    if (length !== undefined && length >= 0n && length <= SHORTEST_NANO) {
      this.#slices[this.#slices.length - 1] = together(last!, slice);
      return;
    }
    this.#slices.push(slice);
    if (this.#slices.length > MAX_SLICES) this.#join();
  }

  /** Replaces its own by those of a report. */
  goOn(slices: readonly KernelSlice[]): void {
    this.#slices = [...slices];
  }

  report(): KernelSlice[] {
    return [...this.#slices];
  }

  /** Merges the two neighbours that are together the shortest for their age. */
  #join(): void {
    const now = BigInt(this.#slices.at(-1)!.toUnixNano);
    let at = 0;
    let least = Number.POSITIVE_INFINITY;
    for (let i = 0; i + 1 < this.#slices.length; i += 1) {
      const from = BigInt(this.#slices[i]!.fromUnixNano);
      const length = Number(BigInt(this.#slices[i + 1]!.toUnixNano) - from) / Number(now - from);
      if (length < least) [at, least] = [i, length];
    }
    this.#slices.splice(at, 2, together(this.#slices[at]!, this.#slices[at + 1]!));
  }
}

const together = (a: KernelSlice, b: KernelSlice): KernelSlice => ({
  fromUnixNano: BigInt(a.fromUnixNano) < BigInt(b.fromUnixNano) ? a.fromUnixNano : b.fromUnixNano,
  toUnixNano: BigInt(a.toUnixNano) > BigInt(b.toUnixNano) ? a.toUnixNano : b.toUnixNano,
  counts: summed<KernelSlice['counts'][number]>([...a.counts, ...b.counts]),
  sums: summed<KernelSlice['sums'][number]>([...a.sums, ...b.sums]),
});

/** One row for each key, which is all but the last number. */
function summed<Row extends Summed>(rows: readonly Row[]): Row[] {
  const all = new Map<string, Row>();
  for (const row of rows) {
    const key = row.slice(0, -1).join();
    const known = all.get(key);
    if (known) known[known.length - 1]! += row.at(-1)!;
    else all.set(key, [...row]);
  }
  return [...all.values()];
}
