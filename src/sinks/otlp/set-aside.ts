// SPDX-License-Identifier: Apache-2.0
import type { Batch } from './collector.ts';

export interface Patience {
  /** How long a batch may fail before others go first, and then the wait before it is tried again. */
  asideMs: number;
  /** How long a batch may fail, while the collector takes others, before it is given up. */
  giveUpMs: number;
}

export const PATIENCE: Patience = { asideMs: 30_000, giveUpMs: 600_000 };

/** The most batches that are aside: at 4 MiB each, a bound on their memory. In an outage the next batch just waits. */
const MAX_ASIDE = 8;
/** How often a batch fails, each time after another was taken, before it is given up. */
const MAX_FAILURES = 3;

/** A batch until it is settled. */
export interface Pending extends Batch {
  failingSinceMs?: number;
  /** Whether the collector has taken another batch since this one failed. */
  overtaken?: boolean;
  failuresOvertaken?: number;
  againAtMs?: number;
}

/**
 * Batches that the collector did not take for a while. Others go first: a pipeline may have an answer of "try again" for
 * data that it can never take. An outage is another matter: there no batch is overtaken, and none is given up.
 */
export class SetAside {
  readonly #patience: Patience;
  #batches: Pending[] = [];

  constructor(patience: Patience) {
    this.#patience = patience;
  }

  get length(): number {
    return this.#batches.length;
  }

  get spans(): number {
    return this.#batches.reduce((sum, { spans }) => sum + spans, 0);
  }

  /** What to do with a batch that has failed. */
  verdict(batch: Pending, nowMs: number, ending: boolean): 'again' | 'aside' | 'give up' {
    batch.failingSinceMs ??= nowMs;
    const failingMs = nowMs - batch.failingSinceMs;
    if (batch.overtaken) batch.failuresOvertaken = (batch.failuresOvertaken ?? 0) + 1;
    batch.overtaken = false;
    if ((batch.failuresOvertaken ?? 0) >= MAX_FAILURES && failingMs >= this.#patience.giveUpMs) return 'give up';
    if (failingMs < this.#patience.asideMs && !ending) return 'again';
    return this.#batches.length < MAX_ASIDE ? 'aside' : 'again';
  }

  /** @param waitMs a longer wait that the collector asked for */
  add(batch: Pending, nowMs: number, waitMs = 0): void {
    batch.againAtMs = nowMs + Math.max(this.#patience.asideMs, waitMs);
    this.#batches.push(batch);
  }

  /** The collector has taken a batch. */
  delivered(): void {
    for (const batch of this.#batches) batch.overtaken = true;
  }

  /** When the next one can be tried again; it is the oldest. Never while there is none. */
  get nextAtMs(): number {
    return Math.min(...this.#batches.map(({ againAtMs = 0 }) => againAtMs));
  }

  /** Takes out the one whose time comes first. */
  take(): Pending {
    const at = this.nextAtMs;
    const [batch] = this.#batches.splice(
      this.#batches.findIndex(({ againAtMs }) => againAtMs === at),
      1,
    );
    return batch!;
  }
}
