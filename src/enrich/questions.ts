// SPDX-License-Identifier: Apache-2.0
import type { Question } from '../prober/protocol.ts';
import type { Asked } from './patience.ts';

/** The most open questions; only a prober that waits has as many. */
const MAX_OPEN = 16_384;

interface Open {
  question: Question;
  isOfStall: boolean;
  asked: Asked;
  resolve: (line: string | undefined) => void;
}

/** The open questions to the prober, in the order of asking, which is also the order of the answers. */
export class Questions {
  readonly #open: Open[] = [];

  get length(): number {
    return this.#open.length;
  }

  get isFull(): boolean {
    return this.#open.length >= MAX_OPEN;
  }

  /** Those that a prober has to answer, the next one first. */
  get all(): readonly Question[] {
    return this.#open.map(({ question }) => question);
  }

  /** @returns resolves to the answer; to undefined when the question is left */
  add(question: Question, isOfStall: boolean, asked: Asked): Promise<string | undefined> {
    const { promise, resolve } = Promise.withResolvers<string | undefined>();
    this.#open.push({ question, isOfStall, asked, resolve });
    return promise;
  }

  /** Answers the first one. */
  answer(line: string): void {
    this.#open.shift()?.resolve(line);
  }

  /**
   * Leaves the first ones without an answer, up to one that is not old. They keep their places, as the prober still answers them.
   * @returns whether stalls waited for them
   */
  leaveOld(isOld: (asked: Asked) => boolean): boolean {
    const end = this.#open.findIndex(({ asked }) => !isOld(asked));
    const left = end < 0 ? this.#open : this.#open.slice(0, end);
    for (const { resolve } of left) resolve(undefined);
    return left.some(({ isOfStall }) => isOfStall);
  }

  /** Asks about a process only what can be answered without looking into it. The prober must be asked all open questions again. */
  avoid(pid: number): void {
    for (const open of this.#open.splice(0)) {
      const { question, resolve } = open;
      if (question.pid !== pid) this.#open.push(open);
      else if (question.about === 'identity') this.#open.push({ ...open, question: { about: 'outside', pid } });
      else resolve(undefined);
    }
  }

  /** Removes all, without an answer. */
  clear(): void {
    for (const { resolve } of this.#open.splice(0)) resolve(undefined);
  }
}
