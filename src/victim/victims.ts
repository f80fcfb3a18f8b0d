// SPDX-License-Identifier: Apache-2.0
import type { CompactionEvent } from '../event.ts';
import type { Inspector } from '../inspector/inspector.ts';
import { Processes } from './processes.ts';

/** Tells of each event whose stall it was, as far as the inspector finds out; batches keep their order. */
export class Victims {
  readonly #inspector: Inspector;
  readonly #processes: Processes;
  #last: Promise<void> = Promise.resolve();

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
    const before = this.#last;
    this.#last = (async () => {
      const seen = await Promise.all(looks);
      await before;
      this.#processes.newBatch();
      for (const { pid, program } of seen) this.#processes.saw(pid, program);
      events.forEach((event, i) => {
        Object.assign(event, this.#processes.lookUp(event, beganNs[i]!));
      });
      deliver(events);
    })();
  }

  /** Resolves when every batch has been delivered. */
  told(): Promise<void> {
    return this.#last;
  }
}
