// SPDX-License-Identifier: Apache-2.0
import { constants, openSync, readSync, statSync, writeSync } from 'node:fs';
import { identityOf, withFile } from '../descriptor.ts';
import { EXIT, systemWords, UserError, usageError } from '../errors.ts';
import { message } from '../messages/message.ts';
import { type OpenOutput, type Output, usesStandardOutput } from './output.ts';

const STDOUT = 1;

/**
 * Opens the files of outputs. Throws a UserError when one cannot be written, when two are the same file, or when it is the
 * recording that is read: each line that is written would be read again, until the disk is full.
 *
 * @param reading the descriptor of the recording
 */
export function openFiles(outputs: readonly Output[], reading?: number): OpenOutput[] {
  const opened = outputs.map(
    (output): OpenOutput =>
      output.kind === 'json' && output.path !== undefined ? { ...output, file: openForAppending(output.path) } : output,
  );
  const seen = new Map<string, string>();
  const recording = reading !== undefined && identityOf(reading);
  for (const output of opened) {
    const file = usesStandardOutput(output) ? STDOUT : output.file;
    const identity = file === undefined ? undefined : identityOf(file);
    if (identity === undefined) continue;
    const name = output.kind === 'json' && output.path !== undefined ? output.path : 'standard output';
    const other = seen.get(identity);
    if (identity === recording)
      throw usageError(`--output: ${name} is the recording that is read. Choose another file.`);
    if (other)
      throw usageError(`--output: ${other} and ${name} are the same file. Choose another file for one of them.`);
    seen.set(identity, name);
  }
  for (const output of opened) if (output.kind === 'json') endLine(output);
  return opened;
}

function openForAppending(path: string): number {
  // Non-blocking: a pipe without a reader is refused rather than waited for; see nonBlockingStdout() in create.ts.
  const { O_WRONLY, O_APPEND, O_CREAT, O_NONBLOCK } = constants;
  return orUnwritable(path, () => openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK, 0o644));
}

/** A full disk or a crash may leave an unfinished line, which would swallow the first event. */
function endLine({ path, file }: { path?: string; file?: number }): void {
  if (path === undefined || file === undefined) return;
  orUnwritable(path, () => endsInTheMiddleOfALine(path) && writeSync(file, '\n'));
}

function endsInTheMiddleOfALine(path: string): boolean {
  const status = statSync(path);
  if (!status.isFile() || status.size === 0) return false;
  const last = Buffer.alloc(1);
  withFile(path, (file) => readSync(file, last, 0, 1, status.size - 1));
  return last.toString() !== '\n';
}

/** @throws a UserError that says that the file cannot be written, and why */
export function orUnwritable<T>(path: string, write: () => T): T {
  try {
    return write();
  } catch (error) {
    throw new UserError(EXIT.FAILURE, message('file_unwritable', { file: path, reason: systemWords(error) }));
  }
}
