// SPDX-License-Identifier: Apache-2.0

/** What a signal asks of a run. It is answered once the run can, also when it came before; and then no signal ends the process. */
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
