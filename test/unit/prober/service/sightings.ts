// SPDX-License-Identifier: Apache-2.0
/** What the prober finds and what the agent makes of it, without the pipe between them. */
import { Processes, type Thread } from '../../../../src/enrich/match.ts';
import { Executables, type ExecutablesOptions } from '../../../../src/prober/service/executables.ts';
import { readStat } from '../../../../src/procfs/stat.ts';

export class Sightings {
  readonly #programs: Executables;
  readonly #processes: Processes;
  readonly #seen = new Set<number>();
  readonly #proc: string | undefined;
  /** As for processes that make those wait who look into them: only what waits for nobody is asked. */
  statusOnly = false;

  constructor(options: ExecutablesOptions) {
    this.#proc = options.proc;
    this.#programs = new Executables(options);
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
    const status = readStat(`${this.#proc}/${pid}`);
    return status && { ...status, version: this.#processes.version(pid), facts: undefined };
  }
}
