// SPDX-License-Identifier: Apache-2.0
import type { SpoolFiles } from './files.ts';
import type { SegmentContent } from './format.ts';
import { type SegmentFile, SegmentStore, segmentName } from './segment-store.ts';

/** A request that waits for the collector. */
export interface Request {
  bytes: Uint8Array;
  spans: number;
}

/** A request, or a part of one, and what the spool knows of the whole. */
export interface TakenRequest extends Request {
  stored: Stored;
}

/** A request in the spool's memory. */
export interface Stored extends Request {
  /** Its spans that are not settled. */
  left: number;
  /** Whether it survives a crash. */
  isSafe: boolean;
  /** Whether the sender has it. */
  isTaken: boolean;
  /** Whether it is in memory only until it is safe, behind others that have to be read again. */
  isBehind: boolean;
  /** Whether its bytes are a part of a segment that was read. */
  isRead: boolean;
  unixMs: number;
  /** Where it is stored; absent until it is written. */
  segment?: Segment;
  /** Where it ends in its segment. */
  end: number;
}

interface Segment extends SegmentFile {
  /** Whether its requests are not in memory: it has to be read. */
  isUnread: boolean;
  /** The requests that are not settled, of a segment that is not unread, in their order. */
  kept: Stored[];
  /** The safe spans of an unread segment; undefined until one of an earlier run was looked at. */
  spans: number | undefined;
  /** Whether something in it is damaged. */
  isBad: boolean;
}

export interface SpoolLimits {
  /** The most bytes in the folder. */
  bytes: number;
  /** How long a request is kept. */
  ageMs: number;
  /** The size at which a segment is full. */
  segmentBytes: number;
  /** The most bytes of requests in memory that others must not be read for: more are read from their segments later. */
  memoryBytes: number;
  /** When what was written is synced, at the latest. */
  syncBytes: number;
  syncMs: number;
  /** How often the cursor is noted while it moves. */
  noteMs: number;
  /** How long after a failure the folder is tried again. */
  retryMs: number;
}

/** Why requests are given up. */
export type SpoolLoss = 'spool_full' | 'spool_expired' | 'spool_damaged';

/** What the spool reports. */
export interface SpoolEvents {
  /** An earlier run has left so many spans. */
  recovered(spans: number): void;
  dropped(reason: SpoolLoss, spans: number): void;
  /** A segment is damaged, in so many places at least. */
  damaged(file: string, why: string): void;
  /** A call was refused; what cannot be stored is in memory. Reported again after `works` only. */
  failing(error: unknown): void;
  works(): void;
}

export const DEFAULT_LIMITS: Omit<SpoolLimits, 'bytes' | 'ageMs' | 'segmentBytes' | 'memoryBytes'> = {
  syncBytes: 1024 * 1024,
  syncMs: 200,
  noteMs: 2000,
  retryMs: 5000,
};

const MAX_SEGMENT_BYTES = 8 * 1024 * 1024;
const MIN_SEGMENT_BYTES = 64 * 1024;

/** The limits for a folder of so many bytes. */
export function limitsFor(bytes: number, ageMs: number): SpoolLimits {
  const segmentBytes = Math.max(MIN_SEGMENT_BYTES, Math.min(MAX_SEGMENT_BYTES, bytes / 16));
  return { ...DEFAULT_LIMITS, bytes, ageMs, segmentBytes, memoryBytes: segmentBytes };
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
 * it is their turn. In the memory there are: `front`, then what is on the disk only, then `behind`.
 */
export class Spool {
  readonly #store: SegmentStore;
  readonly #limits: SpoolLimits;
  readonly #events: SpoolEvents;
  readonly #now: () => number;
  /** All in the folder, oldest first. */
  #segments: Segment[] = [];
  /** Parts of requests, which go first. */
  #again: TakenRequest[] = [];
  #front: Stored[] = [];
  #behind: Stored[] = [];
  /** In the order in which they are to be written. */
  #unwritten: Stored[] = [];
  /** Written to the active segment, and not synced. */
  #unsynced: Stored[] = [];
  #unsyncedBytes = 0;
  #safeSpans = 0;
  #unsafeSpans = 0;
  #last: Promise<unknown> = Promise.resolve();
  #isWriting = false;
  #isFailing = false;
  #retryAtMs = 0;
  readonly #timers = new Map<'sync' | 'note' | 'retry', NodeJS.Timeout>();
  #aging: NodeJS.Timeout | undefined;

  constructor({ files, limits, events, newSalt, now = Date.now }: SpoolOptions) {
    this.#store = new SegmentStore(files, newSalt);
    this.#limits = limits;
    this.#events = events;
    this.#now = now;
  }

  /** Looks for what earlier runs have left. @returns its bytes @throws the system's error */
  async open(): Promise<number> {
    const left = await this.#do(() => this.#store.open());
    this.#segments = left.map((file) => ({ ...file, isUnread: true, kept: [], spans: undefined, isBad: false }));
    this.#countOthers();
    this.#expireRegularly();
    return left.reduce((sum, { bytes, from }) => sum + Math.max(0, bytes - from), 0);
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
    return this.#again.length + this.#front.length + this.#behind.length === 0 && !this.#hasUnread;
  }

  /** Takes a request, which is safe soon. */
  push({ bytes, spans }: Request): void {
    const isBehind = this.#behind.length > 0 || this.#hasUnread || this.#isMemoryFull;
    const stored = {
      bytes,
      spans,
      left: spans,
      isSafe: false,
      isTaken: false,
      isBehind,
      isRead: false,
      unixMs: this.#now(),
      end: 0,
    };
    (isBehind ? this.#behind : this.#front).push(stored);
    this.#unwritten.push(stored);
    this.#unsafeSpans += spans;
    this.#write();
  }

  /** The oldest request that is not taken; undefined when there is none. */
  async next(): Promise<TakenRequest | undefined> {
    for (;;) {
      const part = this.#again.shift();
      if (part) return part;
      const stored = this.#front.shift();
      if (stored) {
        stored.isTaken = true;
        return { bytes: stored.bytes, spans: stored.spans, stored };
      }
      if (this.isEmpty) return undefined;
      await this.#do(() => this.#refill());
    }
  }

  /** Takes back requests, or parts of one: they are the next. */
  putBack(requests: readonly TakenRequest[]): void {
    this.#again.unshift(...requests);
  }

  /** The request or part was delivered, or was given up: it is not needed any more. */
  settled({ spans, stored }: TakenRequest): void {
    stored.left -= spans;
    if (stored.isSafe) this.#safeSpans -= spans;
    else this.#unsafeSpans -= spans;
    if (stored.left > 0 || stored.segment === undefined) return;
    this.#advance(stored.segment);
    if (isFinished(stored.segment, this.#store.active)) void this.note();
    else this.#after('note', this.#limits.noteMs, () => this.note());
  }

  /** Whether the spool does not need the bytes of a settled request or part: they are written, and nobody else's. */
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

  /** Makes safe and notes what there is. */
  async close(): Promise<void> {
    clearInterval(this.#aging);
    await this.commit();
    await this.#do(async () => {
      if (this.#store.active) await this.#store.seal();
      await this.#tidy();
      for (const segment of this.#segments) if (segment.isUnread) await this.#count(segment);
    });
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }

  /** One after the other, as each works on the same files. */
  #do<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => {});
    return done;
  }

  #after(what: 'sync' | 'note' | 'retry', ms: number, work: () => Promise<unknown>): void {
    if (this.#timers.has(what)) return;
    const timer = setTimeout(() => {
      this.#timers.delete(what);
      void work();
    }, ms);
    this.#timers.set(what, timer);
  }

  get #hasUnread(): boolean {
    return this.#segments.some(({ isUnread }) => isUnread);
  }

  get #isMemoryFull(): boolean {
    let bytes = 0;
    for (const stored of this.#front) bytes += stored.bytes.length;
    return bytes >= this.#limits.memoryBytes;
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
    try {
      while (this.#unwritten.length > 0) {
        const stored = this.#unwritten[0]!;
        if (stored.left > 0) await this.#append(stored);
        this.#unwritten.shift();
        if (this.#unsyncedBytes >= this.#limits.syncBytes) await this.#sync();
      }
      if (now) await this.#sync();
      else if (this.#unsynced.length > 0) this.#after('sync', this.#limits.syncMs, () => this.commit());
      await this.#bound();
      this.#worked();
    } catch (error) {
      await this.#failed(error);
    }
  }

  async #append(stored: Stored): Promise<void> {
    const active = this.#active;
    if (!active || active.isUnread !== stored.isBehind || active.bytes >= this.#limits.segmentBytes) {
      await this.#seal();
      const file = await this.#store.begin(this.#now());
      this.#segments.push(
        Object.assign(file, {
          isUnread: stored.isBehind,
          kept: [],
          spans: stored.isBehind ? 0 : undefined,
          isBad: false,
        }),
      );
    }
    const segment = this.#active!;
    stored.end = await this.#store.append(stored.bytes, stored);
    stored.segment = segment;
    if (!stored.isBehind) segment.kept.push(stored);
    this.#unsynced.push(stored);
    this.#unsyncedBytes += stored.bytes.length;
    this.#advance(segment);
  }

  get #active(): Segment | undefined {
    const { active } = this.#store;
    return active && (active as Segment);
  }

  /** Syncs, unless all of it is settled. What is behind is from here on on the disk only. */
  async #sync(): Promise<void> {
    if (this.#unsynced.some(({ left }) => left > 0)) await this.#store.sync();
    for (const stored of this.#unsynced) {
      if (stored.left === 0) continue;
      stored.isSafe = true;
      this.#unsafeSpans -= stored.left;
      this.#safeSpans += stored.left;
      if (stored.isBehind) stored.segment!.spans! += stored.left;
    }
    this.#unsynced = [];
    this.#unsyncedBytes = 0;
    this.#behind = this.#behind.filter(({ isSafe }) => !isSafe);
  }

  async #seal(): Promise<void> {
    const active = this.#active;
    if (!active) return;
    await this.#sync();
    await this.#store.seal();
    if (isFinished(active, undefined)) await this.#tidy();
  }

  /** Keeps in memory what cannot be stored, and tries again later. */
  async #failed(error: unknown): Promise<void> {
    // After a failed sync nobody knows what of it was written: it is written again, to another segment.
    const lost = this.#unsynced.filter(({ left }) => left > 0);
    for (const stored of lost) delete stored.segment;
    this.#unwritten.unshift(...lost);
    this.#unsynced = [];
    this.#unsyncedBytes = 0;
    const active = this.#active;
    if (active) {
      active.kept = active.kept.filter(({ segment }) => segment !== undefined);
      await this.#store.seal();
      // A part of the last one that was written is no damage, and there is nothing to read.
      if (active.isUnread && active.spans === 0) active.isUnread = false;
    }
    this.#retryAtMs = this.#now() + this.#limits.retryMs;
    this.#after('retry', this.#limits.retryMs, () => this.#do(() => this.#retry()));
    if (this.#isFailing) return;
    this.#isFailing = true;
    this.#events.failing(error);
  }

  async #retry(): Promise<void> {
    if (await this.#tidy()) await this.#writeAll(true);
  }

  #worked(): void {
    if (!this.#isFailing) return;
    this.#isFailing = false;
    this.#events.works();
  }

  /** Moves the start of a segment behind what is settled. */
  #advance(segment: Segment): void {
    while (segment.kept[0]?.left === 0) segment.from = segment.kept.shift()!.end;
  }

  /** Notes what is settled, then removes the segments without anything else. @returns whether it could */
  async #tidy(): Promise<boolean> {
    const { active } = this.#store;
    const finished = this.#segments.filter((segment) => isFinished(segment, active));
    const first = this.#segments.find((segment) => !finished.includes(segment));
    try {
      await this.#store.note(first && { segment: first.number, offset: first.from });
      for (const bad of finished.filter(({ isBad }) => isBad)) await this.#store.setAside(bad);
      await this.#store.remove(finished.filter(({ isBad }) => !isBad));
      this.#segments = this.#segments.filter((segment) => !finished.includes(segment));
      return true;
    } catch (error) {
      await this.#failed(error);
      return false;
    }
  }

  /** Puts the next requests into memory. */
  async #refill(): Promise<void> {
    const unread = this.#segments.find(({ isUnread }) => isUnread);
    if (this.#front.length > 0) return;
    if (unread) {
      if (unread === this.#active) {
        await this.#writeAll(true);
        if (unread === this.#active) await this.#seal();
      }
      await this.#load(unread);
    }
    if (this.#hasUnread) return;
    for (const stored of this.#behind) stored.isBehind = false;
    this.#front.push(...this.#behind);
    this.#behind = [];
  }

  /** Reads an unread segment into memory. What is damaged is counted, and its segment set aside later. */
  async #load(segment: Segment): Promise<void> {
    const content = await this.#count(segment);
    segment.isUnread = false;
    for (const { payload, spans, unixMs, end } of content.records) {
      const stored = {
        bytes: payload,
        spans,
        left: spans,
        isSafe: true,
        isTaken: false,
        isBehind: false,
        isRead: true,
        unixMs,
      };
      segment.kept.push({ ...stored, segment, end });
    }
    this.#front.push(...segment.kept);
    const loaded = content.records.reduce((sum, { spans }) => sum + spans, 0);
    const lost = segment.spans! - loaded;
    if (lost > 0) {
      this.#safeSpans -= lost;
      this.#events.dropped('spool_damaged', lost);
    }
    if (isFinished(segment, undefined)) await this.#tidy();
  }

  /** Counts what earlier runs have left, a segment at a time: requests must not wait for all of it to be written. */
  #countOthers(): void {
    const segment = this.#segments.find(({ isUnread, spans }) => isUnread && spans === undefined);
    if (segment) void this.#do(() => this.#count(segment)).then(() => this.#countOthers());
  }

  /** Reads a segment, and counts what an earlier run has left in it. */
  async #count(segment: Segment): Promise<SegmentContent> {
    const content = await this.#store.read(segment).catch((error: unknown) => unreadable(error));
    const damaged = content.unusable === undefined ? content.damaged : 1;
    if (damaged > 0) segment.isBad = true;
    if (segment.spans !== undefined) return content;
    const spans = content.records.reduce((sum, record) => sum + record.spans, 0);
    segment.spans = spans;
    segment.newestMs = content.records.at(-1)?.unixMs ?? segment.newestMs;
    this.#safeSpans += spans;
    this.#events.recovered(spans);
    if (damaged === 0) return content;
    this.#events.recovered(damaged);
    this.#events.dropped('spool_damaged', damaged);
    this.#events.damaged(segmentName(segment.number), content.unusable ?? `${damaged} requests cannot be read`);
    return content;
  }

  /** Gives up the oldest requests that the sender does not have, while there is too much in the folder. */
  async #bound(): Promise<void> {
    const isTooMuch = () =>
      this.#segments.reduce((sum, { bytes }) => sum + bytes, this.#store.badBytes) > this.#limits.bytes;
    while (isTooMuch() && (await this.#store.removeBad()));
    while (isTooMuch() && (await this.#dropOldest('spool_full')));
  }

  async #expire(): Promise<void> {
    const oldestMs = this.#now() - this.#limits.ageMs;
    while (await this.#dropOldest('spool_expired', ({ newestMs }) => newestMs < oldestMs));
  }

  #expireRegularly(): void {
    this.#aging = setInterval(() => void this.#do(() => this.#expire()), Math.min(60_000, this.#limits.ageMs));
    this.#aging.unref();
    void this.#do(() => this.#expire());
  }

  /** @returns whether a segment was given up */
  async #dropOldest(reason: SpoolLoss, which: (segment: Segment) => boolean = () => true): Promise<boolean> {
    const { active } = this.#store;
    const oldest = this.#segments.find(
      (segment) =>
        segment !== active &&
        !isFinished(segment, active) &&
        !segment.kept.some(({ isTaken }) => isTaken) &&
        which(segment),
    );
    if (!oldest) return false;
    if (oldest.isUnread) await this.#count(oldest);
    if (!which(oldest)) return false;
    const spans = oldest.isUnread ? oldest.spans! : oldest.kept.reduce((sum, { left }) => sum + left, 0);
    oldest.isUnread = false;
    for (const stored of oldest.kept) stored.left = 0;
    oldest.kept = [];
    oldest.from = oldest.bytes;
    this.#front = this.#front.filter(({ segment }) => segment !== oldest);
    this.#safeSpans -= spans;
    this.#events.dropped(reason, spans);
    await this.#tidy();
    return !this.#segments.includes(oldest);
  }
}

/** Whether nothing in a segment is needed any more. */
const isFinished = (segment: Segment, active: SegmentFile | undefined): boolean =>
  segment !== active && !segment.isUnread && segment.kept.length === 0;

function unreadable(error: unknown): SegmentContent {
  const why = error instanceof Error ? error.message : String(error);
  return { records: [], damaged: 0, unfinishedBytes: 0, unusable: `it cannot be read: ${why}` };
}
