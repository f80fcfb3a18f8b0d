// SPDX-License-Identifier: Apache-2.0

import type { NotRecordedEvent } from '../event/event.ts';
import { notRecorded } from '../event/lost.ts';
import type { SourceBooks } from '../event/source-books.ts';
import { type LossReason, reportedOf, SOURCE_LOSSES, sourceLosses } from '../event/source-losses.ts';
import type { EpochClock } from '../kernel/clock.ts';

/** At most one event of each reason for this long. */
const PERIOD_MS = 1000;
const PERIOD_NS = BigInt(PERIOD_MS) * 1_000_000n;

interface Parts {
  /** The books as they are now. @param all also what takes a system call to read */
  read: (all: boolean) => SourceBooks;
  clock: Pick<EpochClock, 'now'>;
  /** Nothing was lost before that is not reported; epoch time, as is the next. */
  sinceUnixNs: bigint;
  /** When the first of the compactions began that an earlier agent did not deliver. */
  undeliveredSinceUnixNs?: bigint;
  report: (events: readonly NotRecordedEvent[]) => void;
}

/**
 * Reports what the source has lost: an event a second for each reason while something is lost, and what is left at the end. Reads
 * mapped memory, so the kernel sends nothing for it. Nothing runs while nothing is lost.
 */
export class Losses {
  readonly #parts: Parts;
  /** When it last looked, for each reason, and all losses were reported. */
  readonly #since: Map<LossReason, bigint>;
  #allReadUnixNs = 0n;
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: Parts) {
    const { sinceUnixNs, undeliveredSinceUnixNs = sinceUnixNs } = parts;
    this.#parts = parts;
    this.#since = new Map(SOURCE_LOSSES.map(({ reason }) => [reason, sinceUnixNs]));
    this.#since.set('earlier_agent', undeliveredSinceUnixNs);
  }

  /** Nothing was lost before that is not reported; epoch time. */
  get sinceUnixNs(): bigint {
    return [...this.#since].reduce(
      (first, [reason, ns]) => (reason !== 'earlier_agent' && ns < first ? ns : first),
      this.#parts.clock.now(),
    );
  }

  /** Looks whether something was lost. Call it when the ring has been read, and when its reader was woken. */
  look(): void {
    if (this.#timer !== undefined) return;
    const nowUnixNs = this.#parts.clock.now();
    const lost = this.#unreported(this.#read(nowUnixNs), nowUnixNs);
    if (lost.length > 0) this.#timer = setTimeout(() => this.#periodOver(), PERIOD_MS);
  }

  /**
   * Reports the rest, after the programs were detached. May be called again, for one that was still running.
   *
   * @param books with everything read, not before `readUnixNs`
   */
  finish(books: SourceBooks, readUnixNs: bigint): void {
    clearTimeout(this.#timer);
    this.#take(books, readUnixNs);
  }

  /** Nothing else would notice a loss without a record after it, so it goes on until a period has no loss. */
  #periodOver(): void {
    this.#timer = undefined;
    const nowUnixNs = this.#parts.clock.now();
    if (this.#take(this.#read(nowUnixNs), nowUnixNs)) {
      this.#timer = setTimeout(() => this.#periodOver(), PERIOD_MS);
    }
  }

  #read(nowUnixNs: bigint): SourceBooks {
    const elapsedNs = nowUnixNs - this.#allReadUnixNs;
    // The clock may have been set back.
    const all = elapsedNs >= PERIOD_NS || elapsedNs < 0n;
    if (all) this.#allReadUnixNs = nowUnixNs;
    return this.#parts.read(all);
  }

  /** What events have not reported. Without any, the time up to the next loss begins where the books were read. */
  #unreported(books: SourceBooks, readUnixNs: bigint): [reason: LossReason, count: number][] {
    const lost = [...sourceLosses(books)].map(([reason, n]) => [reason, n - reportedOf(books, reason)] as const);
    for (const [reason, count] of lost) if (count <= 0) this.#since.set(reason, readUnixNs);
    return lost.filter(([, count]) => count > 0).map(([reason, count]) => [reason, count]);
  }

  /** @returns whether there was something to report */
  #take(books: SourceBooks, readUnixNs: bigint): boolean {
    const lost = this.#unreported(books, readUnixNs);
    if (lost.length === 0) return false;
    // They were lost before the books were read, and so before now.
    const toUnixNs = this.#parts.clock.now();
    const events = lost.map(([reason, compactions]) => {
      const sinceUnixNs = this.#since.get(reason)!;
      // The clock may have been set back.
      const fromUnixNs = sinceUnixNs < toUnixNs ? sinceUnixNs : toUnixNs;
      return notRecorded(reason, { compactions, fromUnixNs, toUnixNs });
    });
    for (const [reason] of lost) this.#since.set(reason, readUnixNs);
    this.#parts.report(events);
    return true;
  }
}
