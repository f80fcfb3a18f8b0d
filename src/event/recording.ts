// SPDX-License-Identifier: Apache-2.0
import { createReadStream } from 'node:fs';
import { access, constants } from 'node:fs/promises';
import { EXIT, systemWords, UserError } from '../errors.ts';
import { Lru } from '../lru.ts';
import type { SourceBooks } from './books.ts';
import type { CompactionEvent } from './event.ts';
import { parseEvent } from './parse.ts';
import type { Source } from './source.ts';

const BATCH = 256;
/** Later complaints are only counted: a file with nothing but malformed lines is not a recording. */
const MAX_COMPLAINTS = 10;
/** Hosts see few different ones. */
const MAX_STACKS = 4096;

/** A recording: lines of `--output json`. Malformed lines are reported, counted and skipped. */
export class Recording implements Source {
  readonly #path: string;
  readonly #warn: (sentence: string) => void;
  readonly #books: SourceBooks = { received: 0, decoded: 0, malformed: 0, pendingBytes: 0 };
  /** Shared arrays for equal stacks, as sinks expect. */
  readonly #stacks = new Lru<string, readonly string[]>(MAX_STACKS);
  #stopped = false;

  private constructor(path: string, warn: (sentence: string) => void) {
    this.#path = path;
    this.#warn = warn;
  }

  /** Throws a UserError when the file cannot be read. */
  static async open(path: string, warn: (sentence: string) => void): Promise<Recording> {
    try {
      await access(path, constants.R_OK);
    } catch (error) {
      throw unreadable(path, error);
    }
    return new Recording(path, warn);
  }

  async run(onEvents: (events: readonly CompactionEvent[]) => void, room: () => Promise<void>): Promise<void> {
    let batch: CompactionEvent[] = [];
    let number = 0;
    const deliver = async () => {
      const taken = batch;
      batch = [];
      // After stop() nobody takes events; what is not delivered does not count as received.
      if (this.#stopped || taken.length === 0) return;
      this.#books.received += taken.length;
      this.#books.decoded += taken.length;
      onEvents(taken);
      await room();
    };
    try {
      for await (const line of linesOf(this.#path)) {
        number += 1;
        if (this.#stopped) break;
        if (line.trim() === '') continue;
        const event = this.#parse(line, number);
        if (event) batch.push(event);
        if (batch.length === BATCH) await deliver();
      }
    } catch (error) {
      throw unreadable(this.#path, error);
    }
    await deliver();
    const unreported = this.#books.malformed - MAX_COMPLAINTS;
    if (unreported > 0) this.#warn(`${this.#path}: ${unreported} more malformed lines skipped.`);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
  }

  books(): SourceBooks {
    return this.#books;
  }

  #parse(line: string, number: number): CompactionEvent | undefined {
    try {
      const event = parseEvent(line);
      event.stack = this.#shared(event.stack);
      return event;
    } catch (error) {
      this.#books.received += 1;
      this.#books.malformed += 1;
      if (this.#books.malformed <= MAX_COMPLAINTS) {
        this.#warn(`${this.#path}:${number}: ${(error as Error).message}; line skipped.`);
      }
      return undefined;
    }
  }

  #shared(stack: readonly string[]): readonly string[] {
    return this.#stacks.getOrMake(JSON.stringify(stack), () => stack);
  }
}

/** The lines of a file. node:readline also ends a line at U+2028, which JSON does not escape and a thread's name may have. */
async function* linesOf(path: string): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of createReadStream(path, 'utf8') as AsyncIterable<string>) {
    if (!chunk.includes('\n')) {
      rest += chunk;
      continue;
    }
    const lines = (rest + chunk).split('\n');
    rest = lines.pop()!;
    yield* lines;
  }
  if (rest !== '') yield rest;
}

function unreadable(path: string, error: unknown): UserError {
  return new UserError(
    EXIT.FAILURE,
    `cannot read ${path}: ${systemWords(error)}. Expected a file written with --output json:FILE.`,
  );
}
