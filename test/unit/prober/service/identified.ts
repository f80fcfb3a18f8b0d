// SPDX-License-Identifier: Apache-2.0
/** The prober's facts and the agent's use of them, without the pipe in between. */
import { Matcher, type Program, type Thread } from '../../../../src/enrich/match.ts';
import { Executables, type ExecutablesOptions } from '../../../../src/prober/service/executables.ts';

export class Identified {
  readonly #executables: Executables;
  readonly #matcher: Matcher;
  readonly #seen = new Set<number>();
  /** Whether to treat the process like one whose memory cannot be read without waiting. */
  fromOutside = false;

  constructor(options: ExecutablesOptions) {
    this.#executables = new Executables(options);
    this.#matcher = new Matcher(options.services);
  }

  newBatch(): void {
    this.#seen.clear();
    this.#matcher.newBatch();
  }

  published(pid: number): void {
    this.#executables.published(pid);
  }

  /** Asks about a process, whether or not it has stalled. */
  remember(pid: number) {
    return this.#matcher.remember(
      pid,
      this.fromOutside ? this.#executables.seeFromOutside(pid) : this.#executables.see(pid),
    );
  }

  /** Asks about a process once per batch; not about its parent. */
  lookUp(thread: Thread, atNs: bigint, program?: Program) {
    const { pid } = thread;
    if (!this.#seen.has(pid)) {
      this.#seen.add(pid);
      this.#matcher.saw(pid, this.remember(pid));
    }
    return this.#matcher.lookUp(thread, atNs, program);
  }
}
