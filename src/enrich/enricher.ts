// SPDX-License-Identifier: Apache-2.0
import type { CompactionEvent } from '../event/event.ts';
import { Processes } from './match.ts';
import type { ProberClient } from './prober-client.ts';

/**
 * Events that wait to be told of; one takes some 1.4 kB. A ring of the default size holds a third of them, so only an
 * prober that does not answer lets so many come together.
 */
const MAX_HELD = 32_768;

/** Tells of each event whose stall it was, as far as the prober finds out; batches keep their order. */
export class Enricher {
  readonly #prober: ProberClient;
  readonly #processes: Processes;
  #last: Promise<void> = Promise.resolve();
  #held = 0;

  constructor(prober: ProberClient) {
    this.#prober = prober;
    this.#processes = new Processes(prober.services);
  }

  /** @param beganNs when each event began, CLOCK_BOOTTIME */
  enrich(
    events: CompactionEvent[],
    beganNs: readonly bigint[],
    deliver: (events: readonly CompactionEvent[]) => void,
  ): void {
    const pids = [...new Set(events.map(({ pid }) => pid))];
    const looks = pids.map(async (pid) => {
      const program = await this.#prober.program(pid, this.#processes.version(pid));
      return { pid, program };
    });
    this.#held += events.length;
    if (this.#held > MAX_HELD) this.#prober.leaveUnanswered();
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
  settled(): Promise<void> {
    return this.#last;
  }
}
