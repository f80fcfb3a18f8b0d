// SPDX-License-Identifier: Apache-2.0
/** What the inspector finds and what the agent makes of it, without the pipe between them. */
import { Processes, type Thread } from '../../../src/victim/processes.ts';
import { Programs, type ProgramsOptions } from '../../../src/victim/programs.ts';

export class Looks {
  readonly #programs: Programs;
  readonly #processes: Processes;
  readonly #seen = new Set<number>();

  constructor(options: ProgramsOptions) {
    this.#programs = new Programs(options);
    this.#processes = new Processes(options.services);
  }

  newBatch(): void {
    this.#seen.clear();
    this.#processes.newBatch();
  }

  published(pid: number): void {
    this.#programs.published(pid);
  }

  /** Looks at a process once in a batch. */
  lookUp(thread: Thread, atNs: bigint) {
    if (!this.#seen.has(thread.pid)) {
      this.#seen.add(thread.pid);
      this.#processes.saw(thread.pid, this.#programs.see(thread.pid));
    }
    return this.#processes.lookUp(thread, atNs);
  }
}
