// SPDX-License-Identifier: Apache-2.0
import type { Message } from '../messages/message.ts';
import type { LastMessage, LastProblem } from '../status/status.ts';

const MAX_LAST = 10;

/** What was said last. Errors and warnings are apart, each code once, so that one that repeats hides no other. */
export class LastMessages {
  #others: LastMessage[] = [];
  readonly #problems = new Map<string, LastProblem>();

  add({ code, level, text }: Message, unixMs: number): void {
    const said = { unixMs, code, text };
    if (level !== 'error' && level !== 'warn') {
      this.#others = [...this.#others, said].slice(-MAX_LAST);
      return;
    }
    const times = (this.#problems.get(code)?.times ?? 0) + 1;
    // A map keeps the order in which its keys came.
    this.#problems.delete(code);
    this.#problems.set(code, { ...said, level, times });
    if (this.#problems.size > MAX_LAST) this.#problems.delete(this.#problems.keys().next().value!);
  }

  /** Errors and warnings, the latest last. */
  get problems(): LastProblem[] {
    return [...this.#problems.values()];
  }

  /** Everything else, the latest last. */
  get others(): LastMessage[] {
    return this.#others;
  }
}
