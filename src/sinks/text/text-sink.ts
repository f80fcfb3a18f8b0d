// SPDX-License-Identifier: Apache-2.0
import { closeSync, write } from 'node:fs';
import { promisify } from 'node:util';
import { systemName, systemWords } from '../../errors.ts';
import { isLoss } from '../../event/books.ts';
import { type AgentEvent, type CompactionEvent, isCompaction } from '../../event/event.ts';
import { lostWith, together } from '../../event/lost.ts';
import type { Sink, SinkBooks } from '../../event/sink.ts';
import { type Message, message } from '../../messages/message.ts';
import { LossReports } from '../loss-reports.ts';
import type { OutputFile } from '../output-file.ts';
import { UnderWay } from '../under-way.ts';

const writeAsync = promisify(write);

/** The most that waits to be written, in characters of text, or in bytes. Beyond it a slow reader loses events, which are counted. */
const MAX_QUEUED = 32 * 1024 * 1024;
/** Pauses between non-blocking writes to a full pipe or terminal; each is longer than the one before. */
const FIRST_RETRY_MS = 1;
const LAST_RETRY_MS = 64;

export interface TextTarget {
  /** With `reopen` and `makeRoom` if it is a file with a name; see OutputFile. */
  file: { readonly descriptor: number } & Partial<Pick<OutputFile, 'reopen' | 'makeRoom'>>;
  /** The name in messages: `standard output`, or the file's name. */
  name: string;
  /** Called once when the reader of a pipe has gone, as `| head` does. Absent: that is a failure like any other. */
  onReaderGone?: () => void;
  /** Called once, after a warning, when nothing more can be written. */
  onFailed: () => void;
  warn: (message: Message) => void;
  /** Whether to close the descriptor at the end. */
  owned: boolean;
}

/** What a format makes of a batch. */
export interface Formatted {
  /** One for each event that is written; empty where the text of an earlier event has it as well. */
  texts: readonly (string | Uint8Array)[];
  /** The others, by the reason in the books. */
  leftOut?: ReadonlyMap<string, readonly AgentEvent[]>;
}

/** The format of an output in which events have more than their own line. */
export type BatchFormat = (events: readonly AgentEvent[]) => Formatted;

/** A batch, with its texts; or the header, which is none. */
interface Entry {
  texts: readonly (string | Uint8Array)[];
  events: number;
  size: number;
}

/** The format of a table: only compactions have rows. */
export const rowsOnly =
  (row: (event: CompactionEvent) => string) =>
  (event: AgentEvent): string =>
    isCompaction(event) ? row(event) : '';

/** The format of an output in which each event has its own line. */
const eachEvent =
  (format: (event: AgentEvent) => string): BatchFormat =>
  (events) => ({ texts: events.map(format) });

/** The number of texts that are complete in the first bytes of all. */
function wholeTexts(texts: readonly (string | Uint8Array)[], bytes: number): number {
  let left = bytes;
  const cut = texts.findIndex((text) => {
    left -= Buffer.byteLength(text);
    return left < 0;
  });
  return cut < 0 ? texts.length : cut;
}

const bytesOf = (texts: readonly (string | Uint8Array)[]): Buffer =>
  texts.every((text) => typeof text === 'string')
    ? Buffer.from(texts.join(''))
    : Buffer.concat(texts.map((text) => (typeof text === 'string' ? Buffer.from(text) : text)));

/**
 * Events as lines of text, or as what else a format makes of them, in a file, pipe or terminal. Writes are asynchronous, one at a time and in order, so that a
 * slow pipe never stops the agent.
 */
export class TextSink implements Sink {
  readonly name: string;
  readonly #target: TextTarget;
  readonly #format: BatchFormat;
  readonly #queue: Entry[] = [];
  readonly #reports = new LossReports(true);
  readonly #books: SinkBooks = { accepted: 0, exported: 0, queued: 0, dropped: {} };
  #queuedSize = 0;
  #writing: Promise<void> | undefined;
  /** Why nothing more is written; later events are dropped for the same reason. */
  #closed: string | undefined;
  /** Settled when the file has been opened again, as was asked for. */
  #reopening: PromiseWithResolvers<void> | undefined;
  readonly #underWay = new UnderWay();

  constructor(name: string, target: TextTarget, header: string, format: (event: AgentEvent) => string);
  constructor(name: string, target: TextTarget, header: string, format: { batch: BatchFormat });
  constructor(
    name: string,
    target: TextTarget,
    header: string,
    format: ((event: AgentEvent) => string) | { batch: BatchFormat },
  ) {
    this.name = name;
    this.#target = target;
    this.#format = typeof format === 'function' ? eachEvent(format) : format.batch;
    if (header) this.#enqueue([header], 0);
  }

  get isFailing(): boolean {
    return this.#closed !== undefined;
  }

  write(events: readonly AgentEvent[]): void {
    this.#books.accepted += events.length;
    if (this.#closed) this.#drop(this.#closed, events.length);
    else if (this.#queuedSize > MAX_QUEUED) this.#leaveOut('queue_full', events);
    else this.#writeFormatted(events);
  }

  #writeFormatted(events: readonly AgentEvent[]): void {
    const { texts, leftOut } = this.#format(events);
    for (const [reason, others] of leftOut ?? []) this.#leaveOut(reason, others);
    if (texts.length > 0) this.#enqueue(texts, texts.length);
  }

  get isStuck(): boolean {
    return this.#underWay.isTooLong;
  }

  async reopen(): Promise<void> {
    // Nothing more is written, and nobody would say that it is done.
    if (this.#closed) return;
    this.#reopening ??= Promise.withResolvers();
    const { promise } = this.#reopening;
    if (!this.#writing) this.#reopenIfWanted();
    await promise;
  }

  async room(): Promise<number> {
    while (this.#writing && this.#queuedSize > MAX_QUEUED / 2) await this.#writing;
    return Number.POSITIVE_INFINITY;
  }

  async close(deadlineMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, deadlineMs);
    });
    this.#reportLosses(true);
    if (this.#writing) await Promise.race([this.#writing, deadline]);
    clearTimeout(timer);
    this.#close('shutdown');
    const { owned, file } = this.#target;
    if (!owned) return;
    // After the deadline a write may still hang, or wait for a thread. Closed now, its descriptor could be another file by then.
    if (this.#writing) void this.#writing.then(() => closeSync(file.descriptor));
    else closeSync(file.descriptor);
  }

  books(): SinkBooks {
    return this.#books;
  }

  /** Counts events that are not written, and reports them if they are lost. */
  #leaveOut(reason: string, events: readonly AgentEvent[]): void {
    this.#drop(reason, events.length);
    if (events.length > 0 && isLoss(reason)) this.#reports.lost(reason, events.map(lostWith).reduce(together));
  }

  /** Writes what was lost, when the reader has caught up. @param isLast nothing comes after it */
  #reportLosses(isLast = false): void {
    if (this.#closed || this.#queuedSize > MAX_QUEUED / 2) return;
    const reports = this.#reports.take(performance.now(), isLast);
    if (reports.length === 0) return;
    this.#books.reports = this.#reports.made;
    this.#writeFormatted(reports);
  }

  #enqueue(texts: readonly (string | Uint8Array)[], events: number): void {
    const size = texts.reduce((sum, { length }) => sum + length, 0);
    this.#queue.push({ texts, events, size });
    this.#queuedSize += size;
    this.#books.queued += events;
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = undefined;
    });
  }

  async #writeAll(): Promise<void> {
    for (let entry = this.#queue[0]; entry && !this.#closed; entry = this.#queue[0]) {
      const bytes = bytesOf(entry.texts);
      this.#makeRoom(bytes.length);
      const { written, error } = await this.#write(bytes);
      if (this.#closed) return;
      if (error) {
        this.#exported(Math.min(entry.events, wholeTexts(entry.texts, written)));
        this.#failed(error);
        return;
      }
      this.#queue.shift();
      this.#queuedSize -= entry.size;
      this.#exported(entry.events);
      this.#reportLosses();
      this.#reopenIfWanted();
    }
  }

  /** Called while no batch is half written. */
  #reopenIfWanted(): void {
    if (!this.#reopening || this.#closed) return;
    const { resolve } = this.#reopening;
    this.#reopening = undefined;
    const { file, name, warn } = this.#target;
    try {
      if (file.reopen?.()) warn(message('file_reopened', { file: name }));
      else if (file.reopen) warn(message('file_not_renamed', { file: name }));
    } catch (error) {
      warn(message('file_not_reopened', { file: name, reason: systemWords(error) }));
    }
    resolve();
  }

  #makeRoom(bytes: number): void {
    const { file, name, warn } = this.#target;
    try {
      file.makeRoom?.(bytes);
    } catch (error) {
      warn(message('file_not_rotated', { file: name, reason: systemWords(error) }));
    }
  }

  #exported(events: number): void {
    this.#books.queued -= events;
    this.#books.exported += events;
  }

  /** Writes as much as it can. */
  async #write(bytes: Buffer): Promise<{ written: number; error?: NodeJS.ErrnoException }> {
    let retry = FIRST_RETRY_MS;
    let written = 0;
    while (written < bytes.length && !this.#closed) {
      try {
        written += (await this.#underWay.during(writeAsync(this.#target.file.descriptor, bytes, written))).bytesWritten;
        retry = FIRST_RETRY_MS;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return { written, error: error as Error };
        if (this.#closed) break;
        await new Promise((resolve) => setTimeout(resolve, retry));
        retry = Math.min(retry * 2, LAST_RETRY_MS);
      }
    }
    return { written };
  }

  #failed(error: NodeJS.ErrnoException): void {
    if (this.#closed) return;
    const { name, onReaderGone, onFailed, warn } = this.#target;
    if (error.code === 'EPIPE' && onReaderGone) {
      this.#close('closed');
      onReaderGone();
      return;
    }
    warn(message('output_failed', { file: name, reason: systemWords(error) }));
    this.#close(`write_${systemName(error).toLowerCase()}`);
    onFailed();
  }

  #close(reason: string): void {
    this.#closed ??= reason;
    this.#reopening?.resolve();
    this.#drop(this.#closed, this.#books.queued);
    this.#books.queued = 0;
    this.#queue.length = 0;
    this.#queuedSize = 0;
  }

  #drop(reason: string, events: number): void {
    if (events > 0) this.#books.dropped[reason] = (this.#books.dropped[reason] ?? 0) + events;
  }
}
