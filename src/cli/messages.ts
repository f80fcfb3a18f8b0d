// SPDX-License-Identifier: Apache-2.0
import { writeSync } from 'node:fs';
import { isatty } from 'node:tty';
import { EXIT, type ExitCode } from '../errors.ts';
import { type Message, message } from '../messages/message.ts';
import { printable } from '../terminal.ts';
import { LastMessages } from './last-messages.ts';

const STDERR = 2;
/** How long a reader of standard error that does not read is waited for: two seconds in all, as everything else waits too. */
const MAX_TRIES = 200;
const TRY_MS = 10;
const PAUSE = new Int32Array(new SharedArrayBuffer(4));
/** Back to the begin of the line, which is emptied. */
const ERASE = '\r\x1b[K';

/** Messages for the user: whole lines on standard error, so that standard output holds data only. */
export class Messages {
  readonly #command: string;
  #inProgress = false;
  readonly last = new LastMessages();
  /** Since the last write that succeeded. */
  #tries = 0;

  constructor(command: string) {
    this.#command = command;
  }

  /** One line, whatever the message quotes: an argument, a path, a collector's words. @param below more lines */
  say(message: Message, below: readonly string[] = []): void {
    const { text } = message;
    this.last.add(message, Date.now());
    this.show(message, [printable(`${this.#command}: ${text}`), ...below].join('\n'));
  }

  /** Reports that the sinks take a while to deliver. */
  waiting(milliseconds: number): void {
    this.say(message('delivering', { seconds: Math.ceil(milliseconds / 1000) }));
  }

  /** A line that is rewritten in place, on a terminal only; a message replaces it, and so does no text. */
  progress(text = ''): void {
    if (!isatty(STDERR) || (text === '' && !this.#inProgress)) return;
    this.#write(text === '' ? ERASE : `${ERASE}${this.#command}: ${text}`);
    this.#inProgress = text !== '';
  }

  /** A message that is a part of a table, or a table itself. @param text for people */
  show(_message: Message, text: string): void {
    this.progress();
    this.#write(`${text}\n`);
  }

  /** A pipe takes a long text in parts, and none while it is full. */
  #write(text: string): void {
    let rest = Buffer.from(text);
    while (rest.length > 0) {
      try {
        rest = rest.subarray(writeSync(STDERR, rest));
        this.#tries = 0;
      } catch (error) {
        // Otherwise standard error is closed, and there is no other place to report that.
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN' || this.#tries === MAX_TRIES) return;
        Atomics.wait(PAUSE, 0, 0, TRY_MS);
        this.#tries += 1;
      }
    }
  }
}

/** Prints help or a version instead of a run. @returns the exit code */
export function printed(text: string): ExitCode {
  process.stdout.write(text);
  return EXIT.OK;
}
