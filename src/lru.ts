// SPDX-License-Identifier: Apache-2.0

/** A map of at most `most` entries: a new one takes the place of the entry that has been out of use for longest. */
export class Lru<K, V> {
  readonly #most: number;
  readonly #onEvicted: (key: K, value: V) => void;
  /** A Map keeps the order of insertion, and an entry that is used is inserted again: the first is the oldest. */
  readonly #entries = new Map<K, V>();

  /** @param onEvicted called with each entry that makes room for another, before the other is there */
  constructor(most: number, onEvicted: (key: K, value: V) => void = () => {}) {
    this.#most = most;
    this.#onEvicted = onEvicted;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The value, which is used by that. */
  get(key: K): V | undefined {
    const value = this.#entries.get(key);
    if (value === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, value);
    return value;
  }

  /** The value, which is not used by that: its turn to make room stays the same. */
  peek(key: K): V | undefined {
    return this.#entries.get(key);
  }

  /** The entry that makes room next. */
  oldest(): [key: K, value: V] | undefined {
    return this.#entries.entries().next().value;
  }

  /** All values, which are not used by that. */
  values(): Iterable<V> {
    return this.#entries.values();
  }

  set(key: K, value: V): void {
    if (!this.#entries.delete(key) && this.#entries.size >= this.#most) this.#evict();
    this.#entries.set(key, value);
  }

  /** The value, made when there is none. */
  getOrMake(key: K, make: () => V): V {
    const known = this.get(key);
    if (known !== undefined) return known;
    const value = make();
    this.set(key, value);
    return value;
  }

  delete(key: K): boolean {
    return this.#entries.delete(key);
  }

  clear(): void {
    this.#entries.clear();
  }

  #evict(): void {
    const oldest = this.oldest();
    if (oldest === undefined) return;
    this.#entries.delete(oldest[0]);
    this.#onEvicted(...oldest);
  }
}
