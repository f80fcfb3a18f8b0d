// SPDX-License-Identifier: Apache-2.0
import { Lru } from '../lru.ts';
import { MAX_PROCESSES, type ProcessFacts, type ProcessIdentity, unknownService } from '../prober/protocol.ts';
import { isSameExec } from '../procfs/stat.ts';

/** A process that has gone counts as the one that last had its pid for so long after that one was last seen. */
const SAME_NS = 1_000_000_000n;

/** What a record says of the thread that stalled. */
export interface Thread {
  pid: number;
  tid: number;
  /** Name of the thread. */
  comm: string;
}

interface Known {
  identity: ProcessIdentity;
  facts: ProcessFacts;
  /** The last stall after which it was still there, CLOCK_BOOTTIME. */
  seenNs: bigint;
}

/** What was seen in this batch: no identity when the process had gone, no `known` for kernel threads. */
interface Seen {
  identity: ProcessIdentity | undefined;
  known: Known | undefined;
}

/** Matches stalls with the processes that were seen under their pids. A wrong match is worse than none. */
export class Matcher {
  readonly #services: boolean;
  readonly #known = new Lru<number, Known>(MAX_PROCESSES);
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
    return this.#known.peek(pid)?.identity.version ?? 0;
  }

  /** @param identity what is in that process now, with facts only if they have changed; undefined: it has ended */
  saw(pid: number, identity: ProcessIdentity | undefined): void {
    const before = this.#known.peek(pid);
    if (identity === undefined) {
      this.#batch.set(pid, { identity, known: before });
      return;
    }
    const same = before !== undefined && isSameExec(before.identity, identity);
    const facts = same && identity.version === before.identity.version ? before.facts : identity.facts;
    if (identity.isKernelThread || facts === undefined) {
      this.#known.delete(pid);
      this.#batch.set(pid, { identity, known: undefined });
      return;
    }
    const known = { identity, facts, seenNs: same ? before.seenNs : 0n };
    this.#batch.set(pid, { identity, known });
    this.#known.set(pid, known);
  }

  /** @param atNs when the thread stalled, CLOCK_BOOTTIME; a process that started later was only given the same pid */
  lookUp({ pid, tid, comm }: Thread, atNs: bigint): ProcessFacts {
    const { identity, known } = this.#batch.get(pid) ?? { identity: undefined, known: this.#known.peek(pid) };
    if (identity?.isKernelThread && identity.startedNs <= atNs) return {};
    if (known !== undefined && isOf(known.identity, comm, tid === pid, atNs)) {
      if (identity === undefined) {
        if (atNs <= known.seenNs + SAME_NS) return known.facts;
      } else {
        if (atNs > known.seenNs) known.seenNs = atNs;
        return known.facts;
      }
    }
    return this.#factsOfRecord(tid === pid ? comm : '');
  }

  /**
   * The facts of a process that has gone before it was looked up. A main thread begins with the name of its executable; the
   * names of other threads say nothing. No executable has a slash in its name, but the kernel's workers have.
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

/** A main thread that had another name stalled before this executable was there, or before it renamed itself. */
const isOf = (identity: ProcessIdentity, comm: string, isMain: boolean, atNs: bigint): boolean =>
  identity.startedNs <= atNs && (!isMain || comm === identity.comm);
