// SPDX-License-Identifier: Apache-2.0

/** The narrowest bin: 2^20 ns, about a millisecond. */
const NARROWEST = 20n;

/**
 * Values by bins of time. Nobody knows how long a recording is until it ends: when it has outgrown the bins, each two become one. A bin
 * begins at a multiple of its width since the epoch, so what is in it does not depend on the order of the events.
 */
export class TimeBins<T> {
  readonly #most: number;
  readonly #make: () => T;
  readonly #merge: (into: T, from: T) => void;
  #bins = new Map<number, T>();
  #doublings = 0;
  #first = Number.POSITIVE_INFINITY;
  #last = Number.NEGATIVE_INFINITY;

  /** @param most the most bins from the first to the last one */
  constructor(most: number, make: () => T, merge: (into: T, from: T) => void) {
    this.#most = most;
    this.#make = make;
    this.#merge = merge;
  }

  get widthNano(): bigint {
    return 1n << (NARROWEST + BigInt(this.#doublings));
  }

  get originUnixNano(): bigint {
    return this.#bins.size === 0 ? 0n : BigInt(this.#first) * this.widthNano;
  }

  /** The value of the bin with this time. */
  at(unixNano: bigint): T {
    let bin = this.#binOf(unixNano);
    while (Math.max(bin, this.#last) - Math.min(bin, this.#first) >= this.#most) {
      this.widen();
      bin = this.#binOf(unixNano);
    }
    this.#first = Math.min(this.#first, bin);
    this.#last = Math.max(this.#last, bin);
    const known = this.#bins.get(bin);
    if (known) return known;
    const made = this.#make();
    this.#bins.set(bin, made);
    return made;
  }

  /** @param widthNano one that such bins had */
  widenTo(widthNano: bigint): void {
    while (this.widthNano < widthNano) this.widen();
  }

  /** Merges bins two by two. */
  widen(): void {
    this.#doublings += 1;
    const narrow = this.#bins;
    this.#bins = new Map();
    for (const [bin, value] of narrow) {
      const into = this.#bins.get(Math.floor(bin / 2));
      if (into) this.#merge(into, value);
      else this.#bins.set(Math.floor(bin / 2), value);
    }
    this.#first = Math.floor(this.#first / 2);
    this.#last = Math.floor(this.#last / 2);
  }

  /** From the first on, with the numbers from `originUnixNano` on. */
  entries(): [bin: number, value: T][] {
    return [...this.#bins].sort(([a], [b]) => a - b).map(([bin, value]): [number, T] => [bin - this.#first, value]);
  }

  /** Below 2^44, so that it is exact. */
  #binOf(unixNano: bigint): number {
    return Math.floor(Number(unixNano >> NARROWEST) / 2 ** this.#doublings);
  }
}
