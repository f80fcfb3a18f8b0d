// SPDX-License-Identifier: Apache-2.0
import { identityOf } from '../descriptor.ts';
import { EXIT, systemWords, UserError, usageError } from '../errors.ts';
import { message } from '../messages/message.ts';
import { fileOf, type OpenOutput, type Output, usesStandardOutput } from './output.ts';
import { OutputFile } from './output-file.ts';
import { endPacket } from './perfetto/whole-packets.ts';
import { checkRotation, type Rotation } from './rotation.ts';

const STDOUT = 1;

/**
 * Opens the files of outputs. Throws a UserError when one cannot be written, when two are the same file, or when it is the
 * recording that is read: each line that is written would be read again, until the disk is full.
 *
 * @param reading the descriptor of the recording
 * @param rotation of files that grow too large
 */
export function openFiles(outputs: readonly Output[], reading?: number, rotation?: Rotation): OpenOutput[] {
  const opened = outputs.map((output): OpenOutput => {
    const path = fileOf(output);
    return path === undefined ? output : { ...output, file: open(output, path, rotation) };
  });
  const seen = new Map<string, string>();
  const recording = reading !== undefined && identityOf(reading);
  for (const output of opened) {
    const file = usesStandardOutput(output) ? STDOUT : output.file?.descriptor;
    const identity = file === undefined ? undefined : identityOf(file);
    if (identity === undefined) continue;
    const name = output.file?.path ?? 'standard output';
    const other = seen.get(identity);
    if (identity === recording)
      throw usageError(`--output: ${name} is the recording that is read. Choose another file.`);
    if (other)
      throw usageError(`--output: ${other} and ${name} are the same file. Choose another file for one of them.`);
    seen.set(identity, name);
  }
  for (const { file } of opened) if (file) orUnwritable(file.path, () => file.mend());
  return opened;
}

const open = ({ kind }: Output, path: string, rotation: Rotation | undefined): OutputFile =>
  orUnwritable(path, () => new OutputFile(path, rotation, kind === 'perfetto' ? endPacket : undefined));

/** Checks that the files can be rotated, if they are to be: as the user that the agent is from now on. Throws a UserError. */
export function checkRotations(outputs: readonly OpenOutput[]): void {
  for (const { file } of outputs) if (file?.rotation) checkRotation(file.path);
}

/** @throws a UserError that says that the file cannot be written, and why */
export function orUnwritable<T>(path: string, write: () => T): T {
  try {
    return write();
  } catch (error) {
    throw new UserError(EXIT.FAILURE, message('file_unwritable', { file: path, reason: systemWords(error) }));
  }
}
