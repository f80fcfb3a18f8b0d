// SPDX-License-Identifier: Apache-2.0
import { constants, fstatSync, ftruncateSync, openSync } from 'node:fs';
import { identityOf } from '../descriptor.ts';
import { usageError } from '../errors.ts';
import { orUnwritable } from '../sinks/output-files.ts';

/**
 * Opens a file that is written as a whole at the end, and empties it. Throws a UserError when it cannot be written, or is one of the
 * others. Does not wait for the reader of a FIFO.
 *
 * @param option whose file it is, for the error
 * @param others descriptors of the recording that is read, and of outputs
 */
export function openEmptied(path: string, option: string, others: readonly number[]): number {
  const { O_WRONLY, O_CREAT, O_NONBLOCK } = constants;
  const file = orUnwritable(path, () => openSync(path, O_WRONLY | O_CREAT | O_NONBLOCK, 0o644));
  if (others.some((other) => isSameFile(other, file))) {
    throw usageError(`${option}: ${path} is the recording, or an output. Choose another file.`);
  }
  if (fstatSync(file).isFile()) orUnwritable(path, () => ftruncateSync(file));
  return file;
}

function isSameFile(one: number, other: number): boolean {
  const identity = identityOf(one);
  return identity !== undefined && identity === identityOf(other);
}
