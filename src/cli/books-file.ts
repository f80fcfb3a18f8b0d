// SPDX-License-Identifier: Apache-2.0
import { closeSync, constants, fstatSync, ftruncateSync, openSync, writeFileSync } from 'node:fs';
import { identityOf } from '../descriptor.ts';
import { EXIT, type ExitCode, systemWords, usageError } from '../errors.ts';
import type { BooksReport } from '../event/books-report.ts';
import { message } from '../messages/message.ts';
import { orUnwritable } from '../sinks/output-files.ts';
import { printableJson } from '../terminal.ts';
import type { Messages } from './messages.ts';

/** The file of `--books`. It is opened before anything is loaded: at the end the agent may have no right to it. */
export class BooksFile {
  readonly #path: string;
  readonly #file: number;

  /**
   * Empties the file. Throws a UserError when it cannot be written, or is one of the others. Does not wait for the reader of a
   * FIFO.
   *
   * @param others descriptors of the recording that is read, and of outputs
   */
  constructor(path: string, others: readonly number[]) {
    this.#path = path;
    const { O_WRONLY, O_CREAT, O_NONBLOCK } = constants;
    this.#file = orUnwritable(path, () => openSync(path, O_WRONLY | O_CREAT | O_NONBLOCK, 0o644));
    if (others.some((other) => isSameFile(other, this.#file))) {
      throw usageError(`--books: ${path} is the recording, or an output. Choose another file.`);
    }
    if (fstatSync(this.#file).isFile()) orUnwritable(path, () => ftruncateSync(this.#file));
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

function isSameFile(one: number, other: number): boolean {
  const identity = identityOf(one);
  return identity !== undefined && identity === identityOf(other);
}
