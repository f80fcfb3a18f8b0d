// SPDX-License-Identifier: Apache-2.0
import { close, closeSync, write } from 'node:fs';
import { promisify } from 'node:util';
import { systemWords } from '../../errors.ts';
import { type AgentEvent, type CompactionEvent, isCompaction } from '../../event/event.ts';
import type { Sink, SinkBooks } from '../../event/sink.ts';
import { type Message, message } from '../../messages/message.ts';
import type { OutputFile } from '../output-file.ts';
import { UnderWay } from '../under-way.ts';

const writeAsync = promisify(write);
const closeAsync = promisify(close);

/** The most text that waits to be written. Beyond it a slow reader loses events, which are counted. */
const MAX_QUEUED_CHARACTERS = 32 * 1024 * 1024;
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

/** A batch, with a text for each event; or the header, which is none. */
interface Entry {
  texts: readonly string[];
  events: number;
  characters: number;
}

/** The format of a table: only compactions have rows. */
export const rowsOnly =
  (row: (event: CompactionEvent) => string) =>
  (event: AgentEvent): string =>
    isCompaction(event) ? row(event) : '';

/** The number of texts that are complete in the first bytes of all. */
function wholeTexts(texts: readonly string[], bytes: number): number {
  let left = bytes;
  const cut = texts.findIndex((text) => {
    left -= Buffer.byteLength(text);
    return left < 0;
  });
  return cut < 0 ? texts.length : cut;
}

/**
 * Events as lines of text in a file, pipe or terminal. Writes are asynchronous, one at a time and in order, so that a
 * slow pipe never stops the agent.
 */
export class TextSink implements Sink {
  readonly name: string;
  readonly #target: TextTarget;
  readonly #format: (event: AgentEvent) => string;
  readonly #queue: Entry[] = [];
  readonly #books: SinkBooks = { accepted: 0, exported: 0, queued: 0, dropped: {} };
  #queuedCharacters = 0;
  #writing: Promise<void> | undefined;
  /** Why nothing more is written; later events are dropped for the same reason. */
  #closed: string | undefined;
  /** Settled when the file has been opened again, as was asked for. */
  #reopening: PromiseWithResolvers<void> | undefined;
  readonly #underWay = new UnderWay();

  constructor(name: string, target: TextTarget, header: string, format: (event: AgentEvent) => string) {
    this.name = name;
    this.#target = target;
    this.#format = format;
    if (header) this.#enqueue([header], 0);
  }

  get isFailing(): boolean {
    return this.#closed !== undefined;
  }

  write(events: readonly AgentEvent[]): void {
    this.#books.accepted += events.length;
    if (this.#closed) this.#drop(this.#closed, events.length);
    else if (this.#queuedCharacters > MAX_QUEUED_CHARACTERS) this.#drop('queue_full', events.length);
    else this.#enqueue(events.map(this.#format), events.length);
  }

  get isStuck(): boolean {
    return this.#underWay.isTooLong;
  }

  reopen(): Promise<void> {
    this.#reopening ??= Promise.withResolvers();
    const { promise } = this.#reopening;
    if (!this.#writing) this.#reopenIfWanted();
    return promise;
  }

  async room(): Promise<number> {
    while (this.#writing && this.#queuedCharacters > MAX_QUEUED_CHARACTERS / 2) await this.#writing;
    return Number.POSITIVE_INFINITY;
  }

  async close(deadlineMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, deadlineMs);
    });
    if (this.#writing) await Promise.race([this.#writing, deadline]);
    clearTimeout(timer);
    this.#close('shutdown');
    // After the deadline a write may still hang on the descriptor, and a close would hang with it.
    const { owned, file } = this.#target;
    if (owned && !this.#writing) closeSync(file.descriptor);
    else if (owned) void closeAsync(file.descriptor).catch(() => {});
  }

  books(): SinkBooks {
    return this.#books;
  }

  #enqueue(texts: readonly string[], events: number): void {
    const characters = texts.reduce((sum, { length }) => sum + length, 0);
    this.#queue.push({ texts, events, characters });
    this.#queuedCharacters += characters;
    this.#books.queued += events;
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = undefined;
    });
  }

  async #writeAll(): Promise<void> {
    for (let entry = this.#queue[0]; entry && !this.#closed; entry = this.#queue[0]) {
      const bytes = Buffer.from(entry.texts.join(''));
      this.#makeRoom(bytes.length);
      const { written, error } = await this.#write(bytes);
      if (this.#closed) return;
      if (error) {
        this.#exported(Math.min(entry.events, wholeTexts(entry.texts, written)));
        this.#failed(error);
        return;
      }
      this.#queue.shift();
      this.#queuedCharacters -= entry.characters;
      this.#exported(entry.events);
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
    this.#close(`write_${(error.code ?? 'error').toLowerCase()}`);
    onFailed();
  }

  #close(reason: string): void {
    this.#closed ??= reason;
    this.#reopening?.resolve();
    this.#drop(this.#closed, this.#books.queued);
    this.#books.queued = 0;
    this.#queue.length = 0;
    this.#queuedCharacters = 0;
  }

  #drop(reason: string, events: number): void {
    if (events > 0) this.#books.dropped[reason] = (this.#books.dropped[reason] ?? 0) + events;
  }
}
