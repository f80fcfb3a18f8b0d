// SPDX-License-Identifier: Apache-2.0
import { randomInt } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { systemWords, UserError } from '../../errors.ts';
import { DiskFiles } from '../../spool/disk-files.ts';
import { spoolUnusable } from '../../spool/folder.ts';
import { Lock } from '../../spool/lock.ts';
import { limitsFor, Spool, type SpoolLimits, type TakenRequest } from '../../spool/spool.ts';
import type { Books } from './books.ts';
import type { Batch } from './collector.ts';
import type { DeliveryMessages } from './delivery-messages.ts';
import { free, type RequestQueue } from './request-queue.ts';

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
  readonly #spool: Spool;
  readonly #messages: DeliveryMessages;
  #lock: Lock | undefined;

  constructor(at: SpoolFolder, books: Books, messages: DeliveryMessages) {
    const { path, folder, bytes, ageMs, limits } = at;
    this.#at = at;
    this.#messages = messages;
    this.#spool = new Spool({
      files: new DiskFiles(folder),
      limits: { ...limitsFor(bytes, ageMs), ...limits },
      newSalt: () => randomInt(2 ** 32),
      events: {
        recovered: (spans) => {
          books.recovered += spans;
        },
        dropped: (reason, spans) => {
          books.drop(reason, spans);
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

  async close(): Promise<void> {
    await this.#spool.close();
    if (this.spooled > 0) this.#messages.spoolKept(this.#at.path, this.spooled);
    this.#lock?.release();
    await this.#at.folder.close();
  }
}
