// SPDX-License-Identifier: Apache-2.0
import { Lru } from '../lru.ts';
import {
  FROM_OUTSIDE,
  MAX_PROCESSES,
  type ProcessFacts,
  type ProcessIdentity,
  unknownService,
} from '../prober/protocol.ts';
import { isSameExec } from '../procfs/stat.ts';

/** A process that has ended counts as the last one seen under its pid, for so long after that one was last seen. */
const SAME_NS = 1_000_000_000n;

/** The thread that stalled, as its record shows it. */
export interface Thread {
  pid: number;
  tid: number;
  comm: string;
}

interface Known {
  identity: ProcessIdentity;
  facts: ProcessFacts;
  /** The last stall after which it still ran, CLOCK_BOOTTIME. */
  seenNs: bigint;
}

/** What was seen in this batch: no identity when the process had ended, no `known` for kernel threads. */
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

  /** @param services whether to name the service as well */
  constructor(services: boolean) {
    this.#services = services;
  }

  newBatch(): void {
    this.#batch.clear();
    this.#unseen.clear();
  }

  /** The version of the facts about a process, 0 without any. */
  version(pid: number): number {
    return this.#known.peek(pid)?.identity.version ?? 0;
  }

  /** @param identity what runs in that process now, with facts only if they have changed; undefined: it has ended */
  saw(pid: number, identity: ProcessIdentity | undefined): void {
    const before = this.#known.peek(pid);
    if (identity === undefined) {
      this.#batch.set(pid, { identity, known: before });
      return;
    }
    const same = before !== undefined && isSameExec(before.identity, identity);
    const version = same && identity.version === FROM_OUTSIDE ? before.identity.version : identity.version;
    const facts = same && version === before.identity.version ? before.facts : identity.facts;
    if (identity.isKernelThread || facts === undefined) {
      this.#known.delete(pid);
      this.#batch.set(pid, { identity, known: undefined });
      return;
    }
    const known = { identity: { ...identity, version }, facts, seenNs: same ? before.seenNs : 0n };
    this.#batch.set(pid, { identity, known });
    this.#known.set(pid, known);
  }

  /** @param atNs when the thread stalled, CLOCK_BOOTTIME; a process that started later merely has the same pid */
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
   * The facts of a process that ended before it was looked up. A main thread begins with the name of its executable; the names
   * of other threads tell nothing. An executable's name never contains a slash, but the names of the kernel's workers do.
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

/** A main thread with another name stalled before this executable started, or before it renamed itself. */
const isOf = (identity: ProcessIdentity, comm: string, isMain: boolean, atNs: bigint): boolean =>
  identity.startedNs <= atNs && (!isMain || comm === identity.comm);
