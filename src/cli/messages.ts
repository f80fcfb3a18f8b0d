// SPDX-License-Identifier: Apache-2.0
import { writeSync } from 'node:fs';
import { isatty } from 'node:tty';
import { EXIT, type ExitCode } from '../errors.ts';
import { printable } from '../terminal.ts';

const STDERR = 2;
/** Back to the begin of the line, which is emptied. */
const ERASE = '\r\x1b[K';

/** Messages for the user: whole lines on standard error, so that standard output holds data only. */
export class Messages {
  readonly #command: string;
  #inProgress = false;

  constructor(command: string) {
    this.#command = command;
  }

  /** One line, whatever the sentence quotes: an argument, a path, a collector's words. */
  say(sentence: string): void {
    this.print(printable(`${this.#command}: ${sentence}`));
  }

  /** Reports that the sinks take a while to deliver. */
  waiting(milliseconds: number): void {
    this.say(`delivering queued events for up to ${Math.ceil(milliseconds / 1000)} s; Ctrl-C again to stop at once`);
  }

  /** A line that is rewritten in place, on a terminal only; a message replaces it, and so does no text. */
  progress(text = ''): void {
    if (!isatty(STDERR) || (text === '' && !this.#inProgress)) return;
    this.#write(text === '' ? ERASE : `${ERASE}${this.#command}: ${text}`);
    this.#inProgress = text !== '';
  }

  print(text: string): void {
    this.progress();
    this.#write(`${text}\n`);
  }

  #write(text: string): void {
    try {
      writeSync(STDERR, text);
    } catch {
      // Standard error is closed, and there is no other place to report that.
    }
  }
}

/** Prints help or a version instead of a run. @returns the exit code */
export function printed(text: string): ExitCode {
  process.stdout.write(text);
  return EXIT.OK;
}
