// SPDX-License-Identifier: Apache-2.0

import { type ProcStat, readStat } from '../../procfs/stat.ts';
import { type Identity, identify, isOutdated, type ProcessFacts } from './identify.ts';

/** Least recently seen ones are forgotten first. */
export const MAX_PROCESSES = 4096;
/** A process is asked no more often whether it says something else now. */
const REFRESH_MS = 1000;
/** A program publishes its context soon after it started or never: the search, which costs most, becomes rarer. */
const RAREST_SEARCH_MS = 60_000;

/** One program in one process, from exec to exec, and what is known of it. */
export interface ProcessIdentity extends Pick<ProcStat, 'startedNs' | 'execId' | 'comm' | 'isKernelThread'> {
  /** Of the facts: another one whenever they may be others. */
  version: number;
  /** undefined for a kernel thread, and when one program became another meanwhile. */
  facts: ProcessFacts | undefined;
}

export interface ExecutablesOptions {
  /** Find out the service as well. */
  services: boolean;
  proc?: string;
  /** Milliseconds of any clock that does not go back. */
  now?: () => number;
}

interface Known extends Identity {
  status: ProcStat;
  version: number;
  refreshAt: number;
  searchAt: number;
  searchAfterMs: number;
  /** When it said last that it publishes, and was believed. */
  saidAt: number;
}

/**
 * Looks programs up in /proc: whether it is still the same each time; everything else when it is new, called exec, or
 * published another context.
 */
export class Executables {
  readonly #services: boolean;
  readonly #proc: string;
  readonly #now: () => number;
  readonly #known = new Map<number, Known>();
  /** Of another run of the prober as well: no two runs begin in the same microsecond. */
  #version = Date.now() * 1000;

  constructor({ services, proc = '/proc', now = () => performance.now() }: ExecutablesOptions) {
    this.#services = services;
    this.#proc = proc;
    this.#now = now;
  }

  /** undefined when the process has ended. */
  see(pid: number): ProcessIdentity | undefined {
    const folder = `${this.#proc}/${pid}`;
    const status = readStat(folder);
    const known = this.#known.get(pid);
    if (status === undefined) return undefined;
    this.#known.delete(pid);
    if (status.isKernelThread) return { ...status, version: 0, facts: undefined };
    const same =
      known !== undefined && known.status.startedNs === status.startedNs && known.status.execId === status.execId;
    const current = same ? this.#refreshed(folder, { ...known, status }) : this.#identify(folder, status);
    if (current === undefined) return { ...status, version: 0, facts: undefined };
    this.#keep(pid, current);
    return { ...status, version: current.version, facts: current.facts };
  }

  /** It says that it publishes something else now. Whoever says so without doing it is searched no more often than others. */
  published(pid: number): void {
    const known = this.#known.get(pid);
    if (known === undefined) return;
    const now = this.#now();
    const isDue = now >= known.saidAt + known.searchAfterMs;
    this.#known.set(pid, { ...known, refreshAt: now, ...(isDue && { saidAt: now, searchAt: now }) });
  }

  #refreshed(folder: string, known: Known): Known | undefined {
    const began = this.#now();
    if (!this.#services || began < known.refreshAt) return known;
    const search = began >= known.searchAt;
    if (isOutdated(folder, known, search)) return this.#identify(folder, known.status);
    // It may have had to wait: then it is not due again at once.
    const now = this.#now();
    const searchAfterMs = search ? Math.min(2 * known.searchAfterMs, RAREST_SEARCH_MS) : known.searchAfterMs;
    const searchAt = search ? now + searchAfterMs : known.searchAt;
    return { ...known, refreshAt: now + REFRESH_MS, searchAt, searchAfterMs };
  }

  /** undefined when it was not one and the same program all the while. */
  #identify(folder: string, status: ProcStat): Known | undefined {
    const identity = identify(folder, status, this.#services);
    const after = readStat(folder);
    if (after?.startedNs !== status.startedNs || after.execId !== status.execId) return undefined;
    const next = this.#now() + REFRESH_MS;
    this.#version += 1;
    const search = { searchAt: next, searchAfterMs: REFRESH_MS, saidAt: Number.NEGATIVE_INFINITY };
    return { ...identity, status, version: this.#version, refreshAt: next, ...search };
  }

  #keep(pid: number, known: Known): void {
    this.#known.set(pid, known);
    if (this.#known.size <= MAX_PROCESSES) return;
    for (const oldest of this.#known.keys()) {
      this.#known.delete(oldest);
      return;
    }
  }
}
