// SPDX-License-Identifier: Apache-2.0
import { closeSync, writeFileSync } from 'node:fs';
import { EXIT, type ExitCode, systemWords } from '../errors.ts';
import type { BooksReport } from '../event/books-report.ts';
import { message } from '../messages/message.ts';
import { printableJson } from '../terminal.ts';
import { openEmptied } from './emptied-file.ts';
import type { Messages } from './messages.ts';

/** The file of `--books`. It is opened before anything is loaded: at the end the agent may have no right to it. */
export class BooksFile {
  readonly #path: string;
  readonly #file: number;

  /**
   * Empties the file. Throws a UserError when it cannot be written, or is one of the others.
   *
   * @param others descriptors of the recording that is read, and of outputs
   */
  constructor(path: string, others: readonly number[]) {
    this.#path = path;
    this.#file = openEmptied(path, '--books', others);
  }

  /** Writes the books as JSON. @returns the exit code: that of the run, or a failure where it was a success */
  write(report: BooksReport, exitCode: ExitCode, messages: Messages): ExitCode {
    try {
      writeFileSync(this.#file, `${printableJson(JSON.stringify(report, null, 2))}\n`);
      closeSync(this.#file);
      return exitCode;
    } catch (error) {
      messages.say(message('books_unwritten', { file: this.#path, reason: systemWords(error) }));
      return exitCode === EXIT.OK ? EXIT.FAILURE : exitCode;
    }
  }
}
