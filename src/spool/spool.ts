// SPDX-License-Identifier: Apache-2.0
import type { SpoolFiles } from './files.ts';
import type { SegmentContent } from './format.ts';
import type { SpoolLimits } from './limits.ts';
import type { Request, Segment, Stored, TakenRequest } from './request.ts';
import { SegmentStore, segmentName } from './segment-store.ts';
import { Segments } from './segments.ts';
import { Waiting } from './waiting.ts';
import { Writer } from './writer.ts';

/** Why requests are given up. */
export type SpoolLoss = 'spool_full' | 'spool_expired' | 'spool_damaged';

/** What the spool reports. */
export interface SpoolEvents {
  /** An earlier run has left so many spans. */
  recovered(spans: number): void;
  /** @param what the requests, as far as they can be read, and about when the last of them was stored (since 1970) */
  dropped(reason: SpoolLoss, spans: number, what: { requests: readonly Request[]; unixMs: number }): void;
  /** A segment is damaged, in so many places at least. */
  damaged(file: string, why: string): void;
  /** A call was refused; what cannot be stored is in memory. Reported again after `works` only. */
  failing(error: unknown): void;
  works(): void;
}

export interface SpoolOptions {
  files: SpoolFiles;
  limits: SpoolLimits;
  events: SpoolEvents;
  newSalt: () => number;
  /** The time in milliseconds since 1970. */
  now?: () => number;
}

/**
 * A queue of requests that survives the agent, and the host: each is appended to a segment at once, and is safe when that is synced.
 * The oldest are in memory as well. When these are many, newer ones are dropped from memory as soon as they are safe, and read again when
 * it is their turn.
 */
export class Spool {
  readonly #store: SegmentStore;
  readonly #segments: Segments;
  readonly #writer: Writer;
  readonly #waiting = new Waiting();
  readonly #limits: SpoolLimits;
  readonly #events: SpoolEvents;
  readonly #now: () => number;
  #safeSpans = 0;
  #unsafeSpans = 0;
  #last: Promise<unknown> = Promise.resolve();
  #isWriting = false;
  #isFailing = false;
  #retryAtMs = 0;
  readonly #timers = new Map<'sync' | 'note' | 'retry', NodeJS.Timeout>();
  #aging: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor({ files, limits, events, newSalt, now = Date.now }: SpoolOptions) {
    this.#store = new SegmentStore(files, newSalt);
    this.#segments = new Segments(this.#store);
    this.#writer = new Writer(this.#store, this.#segments, limits, now, (requests) => this.#areSafe(requests));
    this.#limits = limits;
    this.#events = events;
    this.#now = now;
  }

  /** Looks for what earlier runs have left. @returns its bytes @throws the system's error */
  async open(): Promise<number> {
    const bytes = await this.#do(() => this.#segments.open());
    this.#countOthers();
    this.#expireRegularly();
    return bytes;
  }

  /** Spans that are not settled and survive a crash. */
  get safeSpans(): number {
    return this.#safeSpans;
  }

  /** Spans that are not settled and only in memory. */
  get unsafeSpans(): number {
    return this.#unsafeSpans;
  }

  /** Whether there is nothing to take. */
  get isEmpty(): boolean {
    return this.#waiting.isEmpty && !this.#segments.hasUnread;
  }

  /** Takes a request, which is safe soon. */
  push({ bytes, spans }: Request): void {
    const isFull = this.#waiting.frontBytes >= this.#limits.memoryBytes;
    const stored: Stored = {
      bytes,
      spans,
      left: spans,
      isSafe: false,
      isTaken: false,
      isBehind: isFull || this.#waiting.hasBehind || this.#segments.hasUnread,
      isRead: false,
      unixMs: this.#now(),
      end: 0,
    };
    this.#waiting.add(stored);
    this.#writer.add(stored);
    this.#unsafeSpans += spans;
    this.#write();
  }

  /** The oldest request that is not taken; undefined when there is none. */
  async next(): Promise<TakenRequest | undefined> {
    for (;;) {
      const next = this.#waiting.take();
      if (next || this.isEmpty) return next;
      await this.#do(() => this.#refill());
    }
  }

  /** Takes back requests, or parts of one: they are the next. */
  putBack(requests: readonly TakenRequest[]): void {
    this.#waiting.putBack(requests);
  }

  /** The request or part was delivered, or was given up: it is not needed any more. */
  settled({ spans, stored }: TakenRequest): void {
    stored.left -= spans;
    if (stored.isSafe) this.#safeSpans -= spans;
    else this.#unsafeSpans -= spans;
    if (stored.left > 0 || stored.segment === undefined) return;
    if (this.#segments.advance(stored.segment)) void this.note();
    else this.#after('note', this.#limits.noteMs, () => this.note());
  }

  /** Whether the spool no longer needs the bytes of a settled request or part: they are written, and no other request has them. */
  isDoneWith({ bytes, stored }: TakenRequest): boolean {
    return bytes !== stored.bytes || (stored.segment !== undefined && !stored.isRead);
  }

  /** Makes safe all that was pushed. @returns whether it is */
  async commit(): Promise<boolean> {
    await this.#do(() => this.#writeAll(true));
    return !this.#isFailing;
  }

  /** Makes the settling survive a crash: what was settled is not sent again, and its segments go. */
  async note(): Promise<void> {
    await this.#do(() => this.#tidy());
  }

  /**
   * Makes safe and notes what there is, as far as the disk answers in time.
   *
   * @param more called when all is safe, and again while it returns true: it has pushed another request
   * @returns whether it did
   */
  async close(more: () => boolean = () => false): Promise<boolean> {
    clearInterval(this.#aging);
    const all = Promise.all([
      this.#finish(more),
      this.#do(async () => {
        for (const segment of this.#segments.uncounted) if (!this.#isClosed) await this.#count(segment);
      }),
    ]);
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<'late'>((resolve) => {
      timer = setTimeout(() => resolve('late'), this.#limits.closeMs);
    });
    const first = await Promise.race([all, deadline]);
    this.#isClosed = true;
    for (const one of [timer, ...this.#timers.values()]) clearTimeout(one);
    this.#timers.clear();
    return first !== 'late';
  }

  async #finish(more: () => boolean): Promise<void> {
    while ((await this.commit()) && !this.#isClosed && more());
    await this.#do(async () => {
      if (this.#segments.active) await this.#attempt(() => this.#writer.seal());
      await this.#tidy();
    });
  }

  /** One after the other, as each works on the same files. */
  #do<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => {});
    return done;
  }

  /** What is refused is reported, and tried again later. @returns whether it was done */
  async #attempt(work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      await this.#failed(error);
      return false;
    }
  }

  #after(what: 'sync' | 'note' | 'retry', ms: number, work: () => Promise<unknown>): void {
    if (this.#timers.has(what) || this.#isClosed) return;
    const timer = setTimeout(() => {
      this.#timers.delete(what);
      void work();
    }, ms);
    this.#timers.set(what, timer);
  }

  #write(): void {
    if (this.#isWriting) return;
    this.#isWriting = true;
    void this.#do(() => {
      this.#isWriting = false;
      return this.#writeAll(false);
    });
  }

  /** Appends what is not written. After a failure not before its time, unless it is `now` or never. */
  async #writeAll(now: boolean): Promise<void> {
    if (this.#isFailing && !now && this.#now() < this.#retryAtMs) return;
    await this.#attempt(async () => {
      await this.#writer.write();
      if (now) await this.#writer.sync();
      else if (this.#writer.hasUnsynced) this.#after('sync', this.#limits.syncMs, () => this.commit());
      await this.#bound();
      if (this.#isFailing) this.#events.works();
      this.#isFailing = false;
    });
  }

  /** They survive a crash from here on. */
  #areSafe(requests: readonly Stored[]): void {
    for (const stored of requests) {
      stored.isSafe = true;
      this.#unsafeSpans -= stored.left;
      this.#safeSpans += stored.left;
      if (stored.isBehind) stored.segment!.spans! += stored.left;
    }
    this.#waiting.forgetSafe();
  }

  /** Keeps in memory what cannot be stored, and tries again later. */
  async #failed(error: unknown): Promise<void> {
    await this.#writer.failed();
    this.#retryAtMs = this.#now() + this.#limits.retryMs;
    this.#after('retry', this.#limits.retryMs, () => this.#do(() => this.#retry()));
    if (!this.#isFailing) this.#events.failing(error);
    this.#isFailing = true;
  }

  async #retry(): Promise<void> {
    if (await this.#tidy()) await this.#writeAll(true);
  }

  #tidy(): Promise<boolean> {
    return this.#attempt(() => this.#segments.tidy());
  }

  /** Puts the next requests into memory. */
  async #refill(): Promise<void> {
    if (this.#waiting.hasFront) return;
    const unread = this.#segments.firstUnread;
    if (unread) {
      if (unread === this.#segments.active) {
        await this.#writeAll(true);
        if (unread === this.#segments.active) await this.#attempt(() => this.#writer.seal());
      }
      await this.#load(unread);
    }
    if (!this.#segments.hasUnread) this.#waiting.bringForward();
  }

  /** Reads an unread segment into memory. What is damaged is counted, and its segment set aside later. */
  async #load(segment: Segment): Promise<void> {
    const { records } = await this.#count(segment);
    segment.isUnread = false;
    for (const { payload, spans, unixMs, end } of records) {
      segment.kept.push({
        bytes: payload,
        spans,
        left: spans,
        isSafe: true,
        isTaken: false,
        isBehind: false,
        isRead: true,
        unixMs,
        segment,
        end,
      });
    }
    this.#waiting.addInFront(segment.kept);
    const lost = segment.spans! - spansOf(records);
    if (lost > 0) {
      this.#safeSpans -= lost;
      this.#events.dropped('spool_damaged', lost, { requests: [], unixMs: segment.newestMs });
    }
    if (this.#segments.advance(segment)) await this.#tidy();
  }

  /** Counts what earlier runs have left, a segment at a time: requests must not wait for all of it to be written. */
  #countOthers(): void {
    const [segment] = this.#segments.uncounted;
    if (segment && !this.#isClosed) void this.#do(() => this.#count(segment)).then(() => this.#countOthers());
  }

  /** Reads a segment, and counts what an earlier run has left in it. */
  async #count(segment: Segment): Promise<SegmentContent> {
    const content = await this.#segments.read(segment);
    if (segment.spans !== undefined) return content;
    const { records, unusable } = content;
    const damaged = unusable === undefined ? content.damaged : 1;
    segment.spans = spansOf(records);
    segment.newestMs = records.at(-1)?.unixMs ?? segment.newestMs;
    this.#safeSpans += segment.spans;
    this.#events.recovered(segment.spans);
    if (damaged === 0) return content;
    this.#events.recovered(damaged);
    this.#events.dropped('spool_damaged', damaged, { requests: [], unixMs: segment.newestMs });
    this.#events.damaged(segmentName(segment.number), unusable ?? `${damaged} requests cannot be read`);
    return content;
  }

  /** Gives up the oldest requests that the sender does not have, while there is too much in the folder. */
  async #bound(): Promise<void> {
    const isTooMuch = () => this.#segments.bytes > this.#limits.bytes;
    while (isTooMuch() && (await this.#store.removeBad()));
    while (isTooMuch() && (await this.#dropOldest('spool_full')));
  }

  async #expire(): Promise<void> {
    const oldestMs = this.#now() - this.#limits.ageMs;
    await this.#attempt(async () => {
      while (await this.#dropOldest('spool_expired', ({ newestMs }) => newestMs < oldestMs));
    });
  }

  #expireRegularly(): void {
    this.#aging = setInterval(() => void this.#do(() => this.#expire()), Math.min(60_000, this.#limits.ageMs));
    this.#aging.unref();
    void this.#do(() => this.#expire());
  }

  /** @returns whether a segment was given up @throws the system's error */
  async #dropOldest(reason: SpoolLoss, which: (segment: Segment) => boolean = () => true): Promise<boolean> {
    const oldest = this.#segments.oldest(which);
    if (!oldest) return false;
    const content = oldest.isUnread ? await this.#count(oldest) : undefined;
    if (!which(oldest)) return false;
    const requests = content
      ? content.records.map(({ payload, spans }) => ({ bytes: payload, spans }))
      : oldest.kept.map(({ bytes, left }) => ({ bytes, spans: left }));
    const spans = oldest.isUnread ? oldest.spans! : spansOf(requests);
    this.#waiting.giveUp(oldest);
    for (const stored of oldest.kept) stored.left = 0;
    oldest.isUnread = false;
    oldest.kept = [];
    oldest.from = oldest.bytes;
    this.#safeSpans -= spans;
    this.#events.dropped(reason, spans, { requests, unixMs: oldest.newestMs });
    await this.#segments.tidy();
    return true;
  }
}

const spansOf = (records: readonly { spans: number }[]): number => records.reduce((sum, { spans }) => sum + spans, 0);
