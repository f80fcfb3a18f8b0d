// SPDX-License-Identifier: Apache-2.0
import { type Message, message } from '../messages/message.ts';
import { excerpt } from '../terminal.ts';

/** Later complaints are only counted: a file with nothing but malformed lines is not what it should be. */
const MAX_COMPLAINTS = 10;

/** Reports the malformed lines of a file: the first ones each, the others by their number at the end. */
export class LineComplaints {
  readonly #path: string;
  readonly #warn: (message: Message) => void;
  #count = 0;

  constructor(path: string, warn: (message: Message) => void) {
    this.#path = path;
    this.#warn = warn;
  }

  add(line: number, error: Error): void {
    this.#count += 1;
    if (this.#count > MAX_COMPLAINTS) return;
    this.#warn(message('line_malformed', { file: this.#path, line, reason: excerpt(error.message) }));
  }

  end(): void {
    const lines = this.#count - MAX_COMPLAINTS;
    if (lines > 0) this.#warn(message('more_lines_malformed', { file: this.#path, lines }));
  }
}
