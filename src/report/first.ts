// SPDX-License-Identifier: Apache-2.0

/** Keeps the `most` items that come first in an order, and forgets the others: a heap with the last of them at its top. */
export class First<T> {
  readonly #most: number;
  readonly #isBefore: (a: T, b: T) => boolean;
  readonly #heap: T[] = [];

  constructor(most: number, isBefore: (a: T, b: T) => boolean) {
    this.#most = most;
    this.#isBefore = isBefore;
  }

  /** Whether an item would be kept. */
  wants(item: T): boolean {
    return this.#heap.length < this.#most || this.#isBefore(item, this.#heap[0]!);
  }

  add(item: T): void {
    if (this.#heap.length < this.#most) {
      this.#heap.push(item);
      this.#rise(this.#heap.length - 1);
    } else if (this.wants(item)) {
      this.#heap[0] = item;
      this.#sink(0);
    }
  }

  /** In no order. */
  items(): readonly T[] {
    return this.#heap;
  }

  #rise(from: number): void {
    for (let at = from; at > 0; ) {
      const parent = (at - 1) >> 1;
      if (!this.#isBefore(this.#heap[parent]!, this.#heap[at]!)) return;
      this.#swap(at, parent);
      at = parent;
    }
  }

  #sink(from: number): void {
    for (let at = from; ; ) {
      const [left, right] = [2 * at + 1, 2 * at + 2];
      let last = at;
      for (const child of [left, right]) {
        if (child < this.#heap.length && this.#isBefore(this.#heap[last]!, this.#heap[child]!)) last = child;
      }
      if (last === at) return;
      this.#swap(at, last);
      at = last;
    }
  }

  #swap(a: number, b: number): void {
    [this.#heap[a], this.#heap[b]] = [this.#heap[b]!, this.#heap[a]!];
  }
}
