// SPDX-License-Identifier: Apache-2.0

/** Keeps the `most` entries that were used last. */
export class Lru<V> {
  readonly #most: number;
  /** A Map keeps the order of insertion: the first is the one not used for longest. */
  readonly #entries = new Map<string, V>();

  constructor(most: number) {
    this.#most = most;
  }

  get(key: string, make: () => V): V {
    let value = this.#entries.get(key);
    if (value === undefined) value = make();
    else this.#entries.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size > this.#most) this.#entries.delete(this.#entries.keys().next().value!);
    return value;
  }

  get size(): number {
    return this.#entries.size;
  }
}
