// SPDX-License-Identifier: Apache-2.0
import { Lru } from '../lru.ts';
import type { Message } from '../messages/message.ts';
import { countNotRecorded } from './books.ts';
import { type AgentEvent, type EventHost, isCompaction } from './event.ts';
import { LineComplaints } from './line-complaints.ts';
import { linesOf } from './lines.ts';
import { MalformedLines } from './malformed-lines.ts';
import { parseEvent } from './parse.ts';
import { bytesOf, isRegularFile, openRecording } from './recording-file.ts';
import { filterOf, type Selection } from './selection.ts';
import type { Source } from './source.ts';
import type { SourceBooks } from './source-books.ts';

const BATCH = 256;
/** In characters. An event with the largest resource and stack has a tenth of it. */
const LONGEST_LINE = 2 ** 20;
/** Hosts see few different ones. */
const MAX_STACKS = 4096;
const MAX_HOSTS = 1000;
/** The longest that are shared, in characters of JSON. No agent writes longer ones, but a file may have any number of them. */
const LONGEST_STACK = 2 ** 14;
const LONGEST_HOST = 2 ** 10;

/** A recording: lines of `--output json`. Malformed lines are reported, counted and skipped. */
export class Recording implements Source {
  /** The descriptor of its file. */
  readonly file: number;
  readonly #path: string;
  readonly #complaints: LineComplaints;
  readonly #selection: Selection;
  readonly #books: SourceBooks = { received: 0, decoded: 0, malformed: 0, pendingBytes: 0 };
  /** Shared arrays for equal stacks, as sinks expect. */
  readonly #stacks = new Lru<string, readonly string[]>(MAX_STACKS);
  readonly #hosts = new Lru<string, EventHost>(MAX_HOSTS);
  readonly #malformed = new MalformedLines();
  #stopped = false;
  #isRead = false;

  private constructor(file: number, path: string, warn: (message: Message) => void, selection: Selection) {
    this.file = file;
    this.#path = path;
    this.#complaints = new LineComplaints(path, warn);
    this.#selection = selection;
    if (Object.keys(selection).length > 0) this.#books.selection = { selected: 0, filtered: {} };
  }

  /**
   * Throws a UserError when the file cannot be read.
   *
   * @param command the one that reads it
   * @param selection which compactions to deliver; the others are counted
   */
  static open(command: string, path: string, warn: (message: Message) => void, selection: Selection = {}): Recording {
    return new Recording(openRecording(path, `${command} -`), path, warn, selection);
  }

  async run(onEvents: (events: readonly AgentEvent[]) => void, room: () => Promise<number>): Promise<void> {
    let batch: AgentEvent[] = [];
    let number = 0;
    let isAtEnd = false;
    const isPipe = !isRegularFile(this.file);
    const deliver = async () => {
      while (batch.length > 0) {
        const fit = await room();
        // After stop() nobody takes events; what is not delivered does not count as received.
        if (this.#stopped) return;
        const taken = batch.slice(0, fit);
        batch = batch.slice(fit);
        for (const event of taken) this.#count(event);
        onEvents(taken);
      }
    };
    try {
      for await (const lines of linesOf(bytesOf(this.file, this.#path), LONGEST_LINE)) {
        for (const line of lines) {
          number += 1;
          if (this.#stopped) return;
          if (line.trim() === '') continue;
          const event = this.#parse(line, number);
          if (event) batch.push(...this.#malformed.before(event));
          if (event && this.#wanted(event)) batch.push(event);
          if (batch.length >= BATCH) await deliver();
        }
        // Nobody knows when a pipe has more.
        if (isPipe) await deliver();
      }
      isAtEnd = true;
    } finally {
      batch.push(...this.#malformed.before(undefined));
      // What was read before the file failed counts, too.
      await deliver();
      this.#isRead = isAtEnd && batch.length === 0;
      this.#complaints.end();
    }
  }

  /** Whether all of it was delivered. */
  get isRead(): boolean {
    return this.#isRead;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
  }

  books(): SourceBooks {
    return this.#books;
  }

  /** Counts what is left out. What the limit left out of the recording stays: nobody knows what it was. */
  #wanted(event: AgentEvent): boolean {
    const filter = isCompaction(event) ? filterOf(this.#selection, event) : undefined;
    if (!filter) return true;
    this.#books.received += 1;
    this.#books.decoded += 1;
    const { filtered } = this.#books.selection!;
    filtered[filter] = (filtered[filter] ?? 0) + 1;
    return false;
  }

  #count(event: AgentEvent): void {
    if (isCompaction(event)) {
      this.#books.received += 1;
      this.#books.decoded += 1;
      if (this.#books.selection) this.#books.selection.selected += 1;
    } else {
      countNotRecorded(this.#books, event);
    }
  }

  #parse(line: string, number: number): AgentEvent | undefined {
    try {
      if (line.length > LONGEST_LINE) throw new Error(`longer than ${LONGEST_LINE} characters`);
      const event = parseEvent(line);
      if (isCompaction(event)) event.stack = shared(this.#stacks, LONGEST_STACK, event.stack);
      if (event.host) event.host = shared(this.#hosts, LONGEST_HOST, event.host);
      return event;
    } catch (error) {
      this.#books.received += 1;
      this.#books.malformed += 1;
      this.#malformed.add(number);
      this.#complaints.add(number, error as Error);
      return undefined;
    }
  }
}

/** The first of equal values. */
function shared<T>(values: Lru<string, T>, longest: number, value: T): T {
  const key = JSON.stringify(value);
  return key.length > longest ? value : values.getOrMake(key, () => value);
}
