// SPDX-License-Identifier: Apache-2.0

/** A signal that asks something of a run. It is answered as soon as the run can, even if it came earlier. It does not end the process. */
export class Request {
  #answer: (() => void) | undefined;
  #waits = false;

  constructor(signal: NodeJS.Signals) {
    process.on(signal, () => {
      if (this.#answer) this.#answer();
      else this.#waits = true;
    });
  }

  answer(answer: () => void): void {
    this.#answer = answer;
    if (this.#waits) answer();
  }

  /** From now on the signal means nothing. */
  close(): void {
    this.#answer = () => {};
  }
}
