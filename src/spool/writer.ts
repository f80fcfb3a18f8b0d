// SPDX-License-Identifier: Apache-2.0
import type { SpoolLimits } from './limits.ts';
import type { Stored } from './request.ts';
import type { SegmentStore } from './segment-store.ts';
import type { Segments } from './segments.ts';

/** Appends requests to segments, and makes them safe. One call at a time. */
export class Writer {
  readonly #store: SegmentStore;
  readonly #segments: Segments;
  readonly #limits: SpoolLimits;
  readonly #now: () => number;
  readonly #synced: (requests: readonly Stored[]) => void;
  /** In the order in which they are to be written. */
  #unwritten: Stored[] = [];
  /** Written to the active segment, and not synced. */
  #unsynced: Stored[] = [];
  #unsyncedBytes = 0;
  /** When the first of them was written, in milliseconds of performance.now(). */
  #unsyncedSinceMs = 0;

  /** @param synced is called with the requests that survive a crash from now on */
  constructor(
    store: SegmentStore,
    segments: Segments,
    limits: SpoolLimits,
    now: () => number,
    synced: (requests: readonly Stored[]) => void,
  ) {
    this.#store = store;
    this.#segments = segments;
    this.#limits = limits;
    this.#now = now;
    this.#synced = synced;
  }

  add(stored: Stored): void {
    this.#unwritten.push(stored);
  }

  /** Whether something was written that may not survive a crash. */
  get hasUnsynced(): boolean {
    return this.#unsynced.length > 0;
  }

  /** Appends all that is not written. @throws the system's error; then `failed` has to be called */
  async write(): Promise<void> {
    while (this.#unwritten.length > 0) {
      const stored = this.#unwritten[0]!;
      if (stored.left > 0) await this.#append(stored);
      this.#unwritten.shift();
      if (this.#isSyncDue) await this.sync();
    }
  }

  /** While requests come all the time, this loop does not end. */
  get #isSyncDue(): boolean {
    if (this.#unsynced.length === 0) return false;
    const { syncBytes, syncMs } = this.#limits;
    return this.#unsyncedBytes >= syncBytes || performance.now() - this.#unsyncedSinceMs >= syncMs;
  }

  async #append(stored: Stored): Promise<void> {
    const { active } = this.#segments;
    if (!active || active.isUnread !== stored.isBehind || active.bytes >= this.#limits.segmentBytes) {
      await this.seal();
      await this.#segments.begin(this.#now(), stored.isBehind);
    }
    const segment = this.#segments.active!;
    stored.end = await this.#store.append(stored.bytes, stored);
    stored.segment = segment;
    if (!stored.isBehind) segment.kept.push(stored);
    if (this.#unsynced.length === 0) this.#unsyncedSinceMs = performance.now();
    this.#unsynced.push(stored);
    this.#unsyncedBytes += stored.bytes.length;
    this.#segments.advance(segment);
  }

  /** Makes safe what was written, unless all of it is settled. @throws the system's error; then `failed` has to be called */
  async sync(): Promise<void> {
    const needed = this.#unsynced.filter(({ left }) => left > 0);
    if (needed.length > 0) await this.#store.sync();
    // Some may have been settled meanwhile.
    this.#synced(needed.filter(({ left }) => left > 0));
    this.#unsynced = [];
    this.#unsyncedBytes = 0;
  }

  /** Ends the active segment. @throws the system's error; then `failed` has to be called */
  async seal(): Promise<void> {
    const { active } = this.#segments;
    if (!active) return;
    await this.sync();
    await this.#store.seal();
    if (this.#segments.advance(active)) await this.#segments.tidy();
  }

  /** After a failed call nobody knows what of the unsynced was written: it is written again, to another segment. */
  async failed(): Promise<void> {
    const lost = this.#unsynced.filter(({ left }) => left > 0);
    for (const stored of lost) delete stored.segment;
    this.#unwritten.unshift(...lost);
    this.#unsynced = [];
    this.#unsyncedBytes = 0;
    const { active } = this.#segments;
    if (!active) return;
    active.kept = active.kept.filter(({ segment }) => segment !== undefined);
    await this.#store.seal();
    // Nothing in it has to be read. The last request may be there in part, which is not damage.
    if (active.isUnread && active.spans === 0) active.isUnread = false;
  }
}
