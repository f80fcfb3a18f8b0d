// SPDX-License-Identifier: Apache-2.0
/** What the inspector finds and what the agent makes of it, without the pipe between them. */
import { Processes, type Thread } from '../../../src/victim/processes.ts';
import { Programs, type ProgramsOptions } from '../../../src/victim/programs.ts';
import { readStatus } from '../../../src/victim/status.ts';

export class Looks {
  readonly #programs: Programs;
  readonly #processes: Processes;
  readonly #seen = new Set<number>();
  readonly #proc: string | undefined;
  /** As for processes that make those wait who look into them: only what waits for nobody is asked. */
  statusOnly = false;

  constructor(options: ProgramsOptions) {
    this.#proc = options.proc;
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
      this.#processes.saw(thread.pid, this.statusOnly ? this.#status(thread.pid) : this.#programs.see(thread.pid));
    }
    return this.#processes.lookUp(thread, atNs);
  }

  #status(pid: number) {
    const status = readStatus(`${this.#proc}/${pid}`);
    return status && { ...status, version: this.#processes.version(pid), facts: undefined };
  }
}
