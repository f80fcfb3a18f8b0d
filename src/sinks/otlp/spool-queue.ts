// SPDX-License-Identifier: Apache-2.0
import { randomInt } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { systemWords, UserError } from '../../errors.ts';
import { type Lost, together } from '../../event/lost.ts';
import { DiskFiles } from '../../spool/disk-files.ts';
import { spoolUnusable } from '../../spool/folder.ts';
import { limitsFor, type SpoolLimits } from '../../spool/limits.ts';
import { Lock } from '../../spool/lock.ts';
import type { Request, TakenRequest } from '../../spool/request.ts';
import { Spool } from '../../spool/spool.ts';
import type { Books } from './books.ts';
import type { Batch } from './collector.ts';
import type { DeliveryMessages } from './delivery-messages.ts';
import { lostSpans } from './lost-spans.ts';
import { free, type RequestQueue } from './request-queue.ts';

const NANOS_PER_MILLI = 1_000_000n;

/** The folder in which an exporter keeps its requests. */
export interface SpoolFolder {
  path: string;
  /** Open. */
  folder: FileHandle;
  /** The most bytes in it. */
  bytes: number;
  /** How long a request is kept. */
  ageMs: number;
  /** Replaces limits in tests. */
  limits?: Partial<SpoolLimits>;
}

/** The queue on the disk. */
export class SpoolQueue implements RequestQueue {
  readonly #at: SpoolFolder;
  readonly #limits: SpoolLimits;
  readonly #spool: Spool;
  readonly #messages: DeliveryMessages;
  #lock: Lock | undefined;

  constructor(at: SpoolFolder, books: Books, messages: DeliveryMessages) {
    const { path, folder, bytes, ageMs, limits } = at;
    this.#at = at;
    this.#limits = { ...limitsFor(bytes, ageMs), ...limits };
    this.#messages = messages;
    this.#spool = new Spool({
      files: new DiskFiles(folder),
      limits: this.#limits,
      newSalt: () => randomInt(2 ** 32),
      events: {
        recovered: (spans) => {
          books.recovered += spans;
        },
        dropped: (reason, spans, { requests, unixMs }) => {
          if (spans > 0) books.lose(reason, spans, lostRequests(requests, spans, unixMs));
          if (spans > 0 && reason !== 'spool_damaged') messages.spoolDropped(path, reason, spans);
        },
        damaged: (file, why) => messages.spoolDamaged(path, file, why),
        failing: (error) => messages.spoolFailing(path, systemWords(error)),
        works: () => messages.spoolWorks(path),
      },
    });
  }

  get queued(): number {
    return this.#spool.unsafeSpans;
  }

  get spooled(): number {
    return this.#spool.safeSpans;
  }

  get isEmpty(): boolean {
    return this.#spool.isEmpty;
  }

  async open(): Promise<void> {
    const { path, folder } = this.#at;
    try {
      this.#lock = await Lock.take(`/proc/self/fd/${folder.fd}`);
      if (this.#lock === undefined) throw spoolUnusable(path, 'another agent uses it');
      const bytes = await this.#spool.open();
      if (bytes > 0) this.#messages.spoolLeft(path, bytes);
    } catch (error) {
      throw error instanceof UserError ? error : spoolUnusable(path, systemWords(error));
    }
  }

  push(batch: Batch): void {
    this.#spool.push(batch);
  }

  next(): Promise<Batch | undefined> {
    return this.#spool.next();
  }

  putBack(batches: readonly Batch[]): void {
    this.#spool.putBack(batches as TakenRequest[]);
  }

  settled(batch: Batch, isSpent: boolean): void {
    this.#spool.settled(batch as TakenRequest);
    if (isSpent && this.#spool.isDoneWith(batch as TakenRequest)) free(batch);
  }

  async close(more: () => boolean): Promise<void> {
    const { path, folder } = this.#at;
    const isDone = await this.#spool.close(more);
    if (!isDone) this.#messages.spoolHangs(path, this.#limits.closeMs);
    if (this.spooled > 0) this.#messages.spoolKept(path, this.spooled);
    // While calls hang, the folder cannot be closed, and nobody else may have it.
    if (!isDone) return;
    this.#lock?.release();
    await folder.close();
  }
}

/** What these requests stood for. Of spans that cannot be read only the time of storing is known. */
function lostRequests(requests: readonly Request[], spans: number, unixMs: number): Lost {
  const unixNs = BigInt(Math.trunc(unixMs)) * NANOS_PER_MILLI;
  let all: Lost | undefined;
  let unread = spans;
  for (const request of requests) {
    const lost = readable(request);
    if (!lost) continue;
    all = all ? together(all, lost) : lost;
    unread -= request.spans;
  }
  if (unread <= 0) return all!;
  const rest = { compactions: unread, fromUnixNs: unixNs, toUnixNs: unixNs };
  return all ? together(all, rest) : rest;
}

/** Files may hold anything, also with a right CRC. */
function readable(request: Request): Lost | undefined {
  try {
    return lostSpans(request);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
