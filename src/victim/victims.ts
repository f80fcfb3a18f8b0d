// SPDX-License-Identifier: Apache-2.0
import type { CompactionEvent } from '../event.ts';
import type { Inspector } from '../inspector/inspector.ts';
import { Processes } from './processes.ts';

/**
 * Events that wait to be told of; one takes some 1.4 kB. A ring of the default size holds a third of them, so only an
 * inspector that does not answer lets so many come together.
 */
const MOST_HELD = 32_768;

/** Tells of each event whose stall it was, as far as the inspector finds out; batches keep their order. */
export class Victims {
  readonly #inspector: Inspector;
  readonly #processes: Processes;
  #last: Promise<void> = Promise.resolve();
  #held = 0;

  constructor(inspector: Inspector) {
    this.#inspector = inspector;
    this.#processes = new Processes(inspector.services);
  }

  /** @param beganNs when each event began, CLOCK_BOOTTIME */
  tell(
    events: CompactionEvent[],
    beganNs: readonly bigint[],
    deliver: (events: readonly CompactionEvent[]) => void,
  ): void {
    const pids = [...new Set(events.map(({ pid }) => pid))];
    const looks = pids.map(async (pid) => {
      const program = await this.#inspector.program(pid, this.#processes.version(pid));
      return { pid, program };
    });
    this.#held += events.length;
    if (this.#held > MOST_HELD) this.#inspector.leaveUnanswered();
    const before = this.#last;
    this.#last = (async () => {
      const seen = await Promise.all(looks);
      await before;
      this.#processes.newBatch();
      for (const { pid, program } of seen) this.#processes.saw(pid, program);
      events.forEach((event, i) => {
        Object.assign(event, this.#processes.lookUp(event, beganNs[i]!));
      });
      this.#held -= events.length;
      deliver(events);
    })();
  }

  /** Resolves when every batch has been delivered. */
  told(): Promise<void> {
    return this.#last;
  }
}
