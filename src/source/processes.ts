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

/** Ticks of /proc/PID/stat are hundredths of a second on every architecture. */
const TICK_NS = 10_000_000n;
/** Inode of the PID namespace that the kernel starts with, PROC_PID_INIT_INO. */
const INITIAL_NAMESPACE = 'pid:[4026531836]';

/** Records have the pids of the initial namespace; in another one /proc knows processes by other numbers. */
export function seesInitialPids(proc = '/proc'): boolean {
  return attempt(() => readlinkSync(`${proc}/self/ns/pid`)) === INITIAL_NAMESPACE;
}

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

  /** @param atNs when the process stalled, CLOCK_BOOTTIME; one that started later has only been given the same pid */
  lookUp(pid: number, atNs: bigint): ProcessFacts {
    let facts = this.#batch.get(pid);
    if (!facts) {
      const folder = `${this.#proc}/${pid}`;
      facts = startedNs(folder) <= atNs ? readFacts(folder) : {};
      this.#batch.set(pid, facts);
    }
    return facts;
  }
}

/** Field 22 of /proc/PID/stat; the name before it may have spaces and brackets. 0 when the process has ended. */
function startedNs(folder: string): bigint {
  const stat = attempt(() => readFileSync(`${folder}/stat`, 'latin1'));
  const ticks = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  return ticks && /^\d+$/.test(ticks) ? BigInt(ticks) * TICK_NS : 0n;
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
