// SPDX-License-Identifier: Apache-2.0

/** How long after its own limit work may end, on a busy host or a slow disk. */
export const LATE_MS = 30_000;

/** Work that is done again and again, and whether it takes longer than it ever may. */
export class UnderWay {
  readonly #longestMs: number;
  #sinceMs: number | undefined;

  /** @param limitMs its own limit, if it has one */
  constructor(limitMs = 0) {
    this.#longestMs = limitMs + LATE_MS;
  }

  async during<T>(work: Promise<T>): Promise<T> {
    this.#sinceMs = performance.now();
    try {
      return await work;
    } finally {
      this.#sinceMs = undefined;
    }
  }

  get isTooLong(): boolean {
    return this.#sinceMs !== undefined && performance.now() - this.#sinceMs > this.#longestMs;
  }
}
