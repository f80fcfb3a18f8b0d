// SPDX-License-Identifier: Apache-2.0
import { isOutdated, type Learnt, learn, type ProcessFacts } from './learn.ts';
import { unknownService } from './service.ts';
import { readStatus, type Status } from './status.ts';

/** Least recently seen ones are forgotten first. */
const MOST_PROCESSES = 4096;
/** A process is asked no more often whether it says something else now. */
const REFRESH_MS = 1000;
/** A program publishes its context soon after it started or never: the search, which costs most, becomes rarer. */
const RAREST_SEARCH_MS = 60_000;
/** So long after it was seen last a process that is gone is still taken for the one that had its pid. */
const SAME_NS = 1_000_000_000n;

export interface ProcessesOptions {
  /** Find out the service as well. */
  services: boolean;
  proc?: string;
  /** Milliseconds of any clock that does not go back. */
  now?: () => number;
}

/** What a record says of the thread that stalled. */
export interface Thread {
  pid: number;
  tid: number;
  /** Name of the thread. */
  comm: string;
}

/** A process that was looked up: one program in it, from exec to exec. */
interface Known extends Learnt {
  status: Status;
  /** The last stall after which it was still there, CLOCK_BOOTTIME. */
  seenNs: bigint;
  refreshAt: number;
  searchAt: number;
  searchAfterMs: number;
}

/** What /proc said of a pid in this batch: no status when there is none, no `known` for kernel threads. */
interface Seen {
  status: Status | undefined;
  known: Known | undefined;
}

/**
 * Looks processes up in /proc: whether it is still the same, once per batch; everything else when it is new, called exec,
 * or published another context.
 */
export class Processes {
  readonly #services: boolean;
  readonly #proc: string;
  readonly #now: () => number;
  readonly #known = new Map<number, Known>();
  readonly #batch = new Map<number, Seen>();
  readonly #unseen = new Map<string, ProcessFacts>();

  constructor({ services, proc = '/proc', now = () => performance.now() }: ProcessesOptions) {
    this.#services = services;
    this.#proc = proc;
    this.#now = now;
  }

  newBatch(): void {
    this.#batch.clear();
    this.#unseen.clear();
  }

  /** @param atNs when the thread stalled, CLOCK_BOOTTIME; a process that started later has only been given the same pid */
  lookUp({ pid, tid, comm }: Thread, atNs: bigint): ProcessFacts {
    let seen = this.#batch.get(pid);
    if (seen === undefined) {
      seen = this.#see(pid);
      this.#batch.set(pid, seen);
    }
    const { status, known } = seen;
    if (status?.isKernelThread && status.startedNs <= atNs) return {};
    if (known !== undefined && isOf(known, comm, tid === pid, atNs)) {
      if (status === undefined) {
        if (atNs <= known.seenNs + SAME_NS) return known.facts;
      } else {
        if (atNs > known.seenNs) known.seenNs = atNs;
        return known.facts;
      }
    }
    return this.#factsOfRecord(tid === pid ? comm : '');
  }

  #see(pid: number): Seen {
    const folder = `${this.#proc}/${pid}`;
    const status = readStatus(folder);
    const known = this.#known.get(pid);
    if (status === undefined) return { status, known };
    this.#known.delete(pid);
    if (status.isKernelThread) return { status, known: undefined };
    const same =
      known !== undefined && known.status.startedNs === status.startedNs && known.status.image === status.image;
    const current = same ? this.#refreshed(folder, { ...known, status }) : this.#learn(folder, status);
    if (current !== undefined) this.#keep(pid, current);
    return { status, known: current };
  }

  #refreshed(folder: string, known: Known): Known | undefined {
    const now = this.#now();
    if (!this.#services || now < known.refreshAt) return known;
    const search = now >= known.searchAt;
    if (isOutdated(folder, known, search)) return this.#learn(folder, known.status, known.seenNs);
    const searchAfterMs = search ? Math.min(2 * known.searchAfterMs, RAREST_SEARCH_MS) : known.searchAfterMs;
    const searchAt = search ? now + searchAfterMs : known.searchAt;
    return { ...known, refreshAt: now + REFRESH_MS, searchAt, searchAfterMs };
  }

  /** undefined when it was not one and the same program all the while. */
  #learn(folder: string, status: Status, seenNs = 0n): Known | undefined {
    const learnt = learn(folder, status, this.#services);
    const after = readStatus(folder);
    if (after?.startedNs !== status.startedNs || after.image !== status.image) return undefined;
    const next = this.#now() + REFRESH_MS;
    return { ...learnt, status, seenNs, refreshAt: next, searchAt: next, searchAfterMs: REFRESH_MS };
  }

  #keep(pid: number, known: Known): void {
    this.#known.set(pid, known);
    if (this.#known.size <= MOST_PROCESSES) return;
    for (const oldest of this.#known.keys()) {
      this.#known.delete(oldest);
      return;
    }
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
const isOf = ({ status }: Known, comm: string, isMain: boolean, atNs: bigint): boolean =>
  status.startedNs <= atNs && (!isMain || comm === status.comm);
