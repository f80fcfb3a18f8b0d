// SPDX-License-Identifier: Apache-2.0
import { readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';

/** What can be learnt about a stalled process while it lives. */
export interface ProcessFacts {
  executable?: string;
  container?: string;
}

const GONE: ProcessFacts = Object.freeze({});
/** Docker, containerd, CRI-O and podman put the 64 hex digits of the container's id last in the cgroup's path. */
const CONTAINER = /(?:^|[/:-])([0-9a-f]{64})(?:\.scope)?$/m;

/** Looks processes up in /proc, each once per batch: within one, a pid is not used twice. */
export class Processes {
  readonly #batch = new Map<number, ProcessFacts>();

  newBatch(): void {
    this.#batch.clear();
  }

  lookUp(pid: number): ProcessFacts {
    let facts = this.#batch.get(pid);
    if (!facts) {
      facts = readFacts(pid);
      this.#batch.set(pid, facts);
    }
    return facts;
  }
}

function readFacts(pid: number): ProcessFacts {
  try {
    const executable = basename(readlinkSync(`/proc/${pid}/exe`)).replace(/ \(deleted\)$/, '');
    const container = CONTAINER.exec(readFileSync(`/proc/${pid}/cgroup`, 'latin1'))?.[1];
    return container ? { executable, container } : { executable };
  } catch {
    return GONE; // has ended, or is a kernel thread
  }
}
