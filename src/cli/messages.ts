// SPDX-License-Identifier: Apache-2.0
import { writeSync } from 'node:fs';
import { EXIT, type ExitCode } from '../errors.ts';

const STDERR = 2;

/** Messages for the user: whole lines on standard error, so that standard output holds data only. */
export class Messages {
  readonly #command: string;

  constructor(command: string) {
    this.#command = command;
  }

  say(sentence: string): void {
    this.print(`${this.#command}: ${sentence}`);
  }

  /** The sinks take a while to end. */
  waiting(milliseconds: number): void {
    this.say(`delivering what is queued, for up to ${Math.ceil(milliseconds / 1000)} s; Ctrl-C again to end at once`);
  }

  print(text: string): void {
    try {
      writeSync(STDERR, `${text}\n`);
    } catch {
      // Nobody reads it; there is no other place to say so.
    }
  }
}

/** What was asked for instead of a run: help, version. @returns the exit code */
export function printed(text: string): ExitCode {
  process.stdout.write(text);
  return EXIT.OK;
}
