// SPDX-License-Identifier: Apache-2.0
import { constants, createReadStream, fstatSync, openSync, readSync } from 'node:fs';
import { Socket } from 'node:net';
import { isatty, ReadStream } from 'node:tty';
import { EXIT, systemWords, UserError } from '../errors.ts';
import { message } from '../messages/message.ts';

/** What a file begins with that is a recording in another form. */
const FORMS: readonly (readonly [start: string, form: string, converter: string])[] = [
  ['1f8b', 'compressed by gzip', 'zcat FILE'],
  ['28b52ffd', 'compressed by zstd', 'zstdcat FILE'],
  ['fd377a585a00', 'compressed by xz', 'xzcat FILE'],
  ['425a68', 'compressed by bzip2', 'bzcat FILE'],
  ['fffe', 'UTF-16', 'iconv -f UTF-16 -t UTF-8 FILE'],
  ['feff', 'UTF-16', 'iconv -f UTF-16 -t UTF-8 FILE'],
];

/** What names standard input instead of a file. */
export const STANDARD_INPUT = '-';
const STDIN = 0;

/**
 * Opens a recording. Does not wait for the writer of a FIFO. Throws a UserError when it is nothing that can be read.
 *
 * @param reader the command that reads standard input instead: what to do with a file in another form
 */
export function openRecording(path: string, reader: string): number {
  let file: number;
  let start = '';
  try {
    file = path === STANDARD_INPUT ? STDIN : openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const status = fstatSync(file);
    if (status.isDirectory()) throw new Error('it is a folder');
    if (status.isFile()) {
      const bytes = Buffer.alloc(6);
      start = bytes.toString('hex', 0, readSync(file, bytes, 0, bytes.length, 0));
    }
  } catch (error) {
    throw unreadable(path, error);
  }
  const form = FORMS.find(([begin]) => start.startsWith(begin));
  if (!form) return file;
  const [, words, converter] = form;
  const command = `${converter} | compactstall ${reader}`;
  throw new UserError(EXIT.FAILURE, message('recording_compressed', { file: path, form: words, command }));
}

/** The bytes of an open recording. Throws a UserError when they cannot be read. */
export async function* bytesOf(file: number, path: string): AsyncGenerator<Uint8Array> {
  try {
    yield* stream(file);
  } catch (error) {
    throw unreadable(path, error);
  }
}

/** Whether all of it is there already, as opposed to what a pipe or a terminal will give. */
export const isRegularFile = (file: number): boolean => fstatSync(file).isFile();

/** A pipe, socket or terminal is polled: Node cannot end while a thread of its pool waits in a read, and a socket may have nothing yet. */
function stream(file: number): AsyncIterable<Buffer> {
  if (isatty(file)) return new ReadStream(file);
  const status = fstatSync(file);
  if (status.isFIFO() || status.isSocket()) return new Socket({ fd: file, readable: true, writable: false });
  return createReadStream('', { fd: file });
}

function unreadable(path: string, error: unknown): UserError {
  return new UserError(EXIT.FAILURE, message('recording_unreadable', { file: path, reason: systemWords(error) }));
}
