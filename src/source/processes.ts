// SPDX-License-Identifier: Apache-2.0
import { readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';

/** What can be learnt about a stalled process while it lives. */
export interface ProcessFacts {
  executable?: string;
  container?: string;
}

/**
 * Docker, containerd, CRI-O and podman name a container's cgroup by the 64 hex digits of its id, with a prefix or `.scope`;
 * there may be more cgroups in it, made by crun or by a systemd in the container. conmon stands beside its container.
 */
const CONTAINER = /.*(?:[/:]|(?<!conmon)-)([0-9a-f]{64})(?:\.scope)?(?:\/|$)/m;

/** Looks processes up in /proc, each once per batch: within one, a pid is not used twice. */
export class Processes {
  readonly #proc: string;
  readonly #batch = new Map<number, ProcessFacts>();

  constructor(proc = '/proc') {
    this.#proc = proc;
  }

  newBatch(): void {
    this.#batch.clear();
  }

  lookUp(pid: number): ProcessFacts {
    let facts = this.#batch.get(pid);
    if (!facts) {
      facts = readFacts(`${this.#proc}/${pid}`);
      this.#batch.set(pid, facts);
    }
    return facts;
  }
}

/** The two are asked for apart: the cgroup may be read by anybody, the executable not. */
function readFacts(folder: string): ProcessFacts {
  const executable = attempt(() => basename(readlinkSync(`${folder}/exe`)).replace(/ \(deleted\)$/, ''));
  const container = attempt(() => CONTAINER.exec(readFileSync(`${folder}/cgroup`, 'latin1'))?.[1]);
  return { ...(executable && { executable }), ...(container && { container }) };
}

/** undefined when the process has ended, or is a kernel thread. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
