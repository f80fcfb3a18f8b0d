// SPDX-License-Identifier: Apache-2.0

import { MAX_PROCESSES, type ProcessIdentity } from '../prober/service/executables.ts';
import type { ProcessFacts } from '../prober/service/identify.ts';
import { unknownService } from '../prober/service/resource.ts';

/** So long after it was seen last a process that is gone is still taken for the one that had its pid. */
const SAME_NS = 1_000_000_000n;

/** What a record says of the thread that stalled. */
export interface Thread {
  pid: number;
  tid: number;
  /** Name of the thread. */
  comm: string;
}

interface Known {
  program: ProcessIdentity;
  facts: ProcessFacts;
  /** The last stall after which it was still there, CLOCK_BOOTTIME. */
  seenNs: bigint;
}

/** What was seen in this batch: no program when it had gone, no `known` for kernel threads. */
interface Seen {
  program: ProcessIdentity | undefined;
  known: Known | undefined;
}

/** Which program of those that were seen it is that stalled: a wrong one is worse than none. */
export class Processes {
  readonly #services: boolean;
  readonly #known = new Map<number, Known>();
  readonly #batch = new Map<number, Seen>();
  readonly #unseen = new Map<string, ProcessFacts>();

  /** @param services whether the service is to be known as well */
  constructor(services: boolean) {
    this.#services = services;
  }

  newBatch(): void {
    this.#batch.clear();
    this.#unseen.clear();
  }

  /** Version of the facts that are kept of a process, 0 when there are none. */
  version(pid: number): number {
    return this.#known.get(pid)?.program.version ?? 0;
  }

  /** @param program what is in that process now, its facts only if they are others than before; undefined: it has ended */
  saw(pid: number, program: ProcessIdentity | undefined): void {
    const before = this.#known.get(pid);
    if (program === undefined) {
      this.#batch.set(pid, { program, known: before });
      return;
    }
    this.#known.delete(pid);
    const same = before?.program.startedNs === program.startedNs && before.program.execId === program.execId;
    const facts = same && program.version === before.program.version ? before.facts : program.facts;
    if (program.isKernelThread || facts === undefined) {
      this.#batch.set(pid, { program, known: undefined });
      return;
    }
    const known = { program, facts, seenNs: same ? before.seenNs : 0n };
    this.#batch.set(pid, { program, known });
    this.#known.set(pid, known);
    const [oldest] = this.#known.keys();
    if (this.#known.size > MAX_PROCESSES) this.#known.delete(oldest!);
  }

  /** @param atNs when the thread stalled, CLOCK_BOOTTIME; a process that started later has only been given the same pid */
  lookUp({ pid, tid, comm }: Thread, atNs: bigint): ProcessFacts {
    const { program, known } = this.#batch.get(pid) ?? { program: undefined, known: this.#known.get(pid) };
    if (program?.isKernelThread && program.startedNs <= atNs) return {};
    if (known !== undefined && isOf(known.program, comm, tid === pid, atNs)) {
      if (program === undefined) {
        if (atNs <= known.seenNs + SAME_NS) return known.facts;
      } else {
        if (atNs > known.seenNs) known.seenNs = atNs;
        return known.facts;
      }
    }
    return this.#factsOfRecord(tid === pid ? comm : '');
  }

  /**
   * Of a process that cannot be looked up any more. A main thread begins with the name of its executable; the names of
   * other threads tell nothing. No executable has a slash in its name, but the kernel's workers have.
   */
  #factsOfRecord(comm: string): ProcessFacts {
    if (!this.#services || comm.startsWith('kworker/')) return {};
    let facts = this.#unseen.get(comm);
    if (facts === undefined) {
      facts = { resource: { 'service.name': unknownService(comm) } };
      this.#unseen.set(comm, facts);
    }
    return facts;
  }
}

/** A main thread that had another name stalled before this program was there, or before it renamed itself. */
const isOf = (program: ProcessIdentity, comm: string, isMain: boolean, atNs: bigint): boolean =>
  program.startedNs <= atNs && (!isMain || comm === program.comm);
