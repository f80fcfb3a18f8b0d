// SPDX-License-Identifier: Apache-2.0
import { Lru } from '../../lru.ts';
import { isSameExec, type ProcStat, readStat } from '../../procfs/stat.ts';
import { FROM_OUTSIDE, MAX_PROCESSES, type ProcessIdentity } from '../protocol.ts';
import { factsFromOutside, type Identity, identify, isOutdated } from './identify.ts';
import { inheritedEnvironment } from './inherited-environment.ts';

/** The shortest time between two checks whether a process has changed its service. */
const REFRESH_MS = 1000;
/** The longest time between two searches. It doubles each time: they cost most, and programs publish early or never. */
const RAREST_SEARCH_MS = 60_000;

export interface ExecutablesOptions {
  /** Whether to find out the service as well. */
  services: boolean;
  proc?: string;
  /** Milliseconds of any clock that does not go back. */
  now?: () => number;
}

interface Known extends Identity {
  stat: ProcStat;
  version: number;
  refreshAt: number;
  searchAt: number;
  searchAfterMs: number;
  /** When it last announced a publication that was not ignored. */
  announcedAt: number;
}

/**
 * The executables that processes run, and the facts about each. /proc/PID/stat shows each time whether it is still the same.
 * It is identified when it is new, after an exec, and when it has published another context.
 */
export class Executables {
  readonly #services: boolean;
  readonly #proc: string;
  readonly #now: () => number;
  readonly #known = new Lru<number, Known>(MAX_PROCESSES);
  /** Also differs from the versions of earlier probers: no two of them begin in the same microsecond. */
  #version = Date.now() * 1000;

  constructor({ services, proc = '/proc', now = () => performance.now() }: ExecutablesOptions) {
    this.#services = services;
    this.#proc = proc;
    this.#now = now;
  }

  /** undefined when the process has ended. */
  see(pid: number): ProcessIdentity | undefined {
    const folder = `${this.#proc}/${pid}`;
    const stat = readStat(folder);
    if (stat === undefined) return undefined;
    const current = stat.isKernelThread ? undefined : this.#current(pid, stat, this.#known.peek(pid));
    if (current === undefined) {
      this.#known.delete(pid);
      return { ...stat, version: 0, facts: undefined };
    }
    this.#known.set(pid, current);
    return { ...stat, version: current.version, facts: current.facts };
  }

  /** The same without reading the process's memory or memory map, for which this process might have to wait. */
  seeFromOutside(pid: number): ProcessIdentity | undefined {
    const folder = `${this.#proc}/${pid}`;
    const stat = readStat(folder);
    if (stat === undefined) return undefined;
    const facts = stat.isKernelThread ? undefined : factsFromOutside(folder, stat, this.#services);
    return { ...stat, version: FROM_OUTSIDE, facts };
  }

  /** The process announces that it has published a context. Announcements without a publication cause no more searches. */
  published(pid: number): void {
    const known = this.#known.peek(pid);
    if (known === undefined) return;
    const now = this.#now();
    const isDue = now >= known.announcedAt + known.searchAfterMs;
    this.#known.set(pid, { ...known, refreshAt: now, ...(isDue && { announcedAt: now, searchAt: now }) });
  }

  #current(pid: number, stat: ProcStat, known: Known | undefined): Known | undefined {
    return known && isSameExec(known.stat, stat) ? this.#refreshed(pid, { ...known, stat }) : this.#identify(pid, stat);
  }

  #refreshed(pid: number, known: Known): Known | undefined {
    const began = this.#now();
    if (!this.#services || began < known.refreshAt) return known;
    const search = began >= known.searchAt;
    if (isOutdated(`${this.#proc}/${pid}`, known, search)) return this.#identify(pid, known.stat);
    // Read again, as the check may have had to wait: the next one is not due at once.
    const now = this.#now();
    const searchAfterMs = search ? Math.min(2 * known.searchAfterMs, RAREST_SEARCH_MS) : known.searchAfterMs;
    const searchAt = search ? now + searchAfterMs : known.searchAt;
    return { ...known, refreshAt: now + REFRESH_MS, searchAt, searchAfterMs };
  }

  #identify(pid: number, stat: ProcStat): Known | undefined {
    const identity = identify(`${this.#proc}/${pid}`, stat, this.#services, () =>
      inheritedEnvironment(pid, stat, this.#proc, (ancestor, its) => {
        const known = this.#known.peek(ancestor);
        return known && isSameExec(known.stat, its) ? known.environment : undefined;
      }),
    );
    if (identity === undefined) return undefined;
    const next = this.#now() + REFRESH_MS;
    this.#version += 1;
    const search = { searchAt: next, searchAfterMs: REFRESH_MS, announcedAt: Number.NEGATIVE_INFINITY };
    return { ...identity, stat, version: this.#version, refreshAt: next, ...search };
  }
}
