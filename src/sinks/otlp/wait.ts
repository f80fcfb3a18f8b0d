// SPDX-License-Identifier: Apache-2.0
/** A pause that can be ended early; one at a time. */
export class Wait {
  #end: (() => void) | undefined;
  #why: string | undefined;

  start(why: string, ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.end(), ms);
      this.#why = why;
      this.#end = () => {
        clearTimeout(timer);
        this.#end = undefined;
        resolve();
      };
    });
  }

  end(): void {
    this.#end?.();
  }

  /** Ends the pause if it was started for this reason. */
  endIf(why: string): void {
    if (this.#why === why) this.end();
  }
}
