// SPDX-License-Identifier: Apache-2.0

const SECONDS = 60;

/** Counts events of the last minute, by the second. */
export class Rate {
  readonly #counts = new Array<number>(SECONDS).fill(0);
  #second = 0;

  /** @param nowMs a clock that does not go back */
  add(count: number, nowMs: number): void {
    this.#advance(nowMs);
    this.#counts[this.#second % SECONDS]! += count;
  }

  /** A second, on average over the last so many whole seconds. @param seconds fewer than a minute's */
  perSecond(seconds: number, nowMs: number): number {
    this.#advance(nowMs);
    let sum = 0;
    for (let ago = 1; ago <= Math.min(seconds, SECONDS - 1); ago++) {
      sum += this.#counts[(this.#second - ago + SECONDS) % SECONDS]!;
    }
    return sum / seconds;
  }

  #advance(nowMs: number): void {
    const second = Math.floor(nowMs / 1000);
    for (let passed = Math.min(second - this.#second, SECONDS); passed > 0; passed--) {
      this.#counts[(second - passed + 1) % SECONDS] = 0;
    }
    this.#second = Math.max(second, this.#second);
  }
}
