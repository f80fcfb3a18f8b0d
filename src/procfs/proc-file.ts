// SPDX-License-Identifier: Apache-2.0
import { readSync } from 'node:fs';
import { withFile } from '../descriptor.ts';

/** The result of `read`; undefined if it throws: the process has ended, is a kernel thread, or may not be read. */
export function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

const FIRST_BYTES = 64 * 1024;
let scratch = Buffer.allocUnsafeSlow(FIRST_BYTES);

/**
 * The contents of a file of /proc, or its first `mostBytes`: another process decides its length.
 * @throws the system's error, such as ENOENT or EACCES
 */
export function readProcFile(path: string, mostBytes: number): Buffer {
  try {
    return withFile(path, (file) => readToEnd(file, mostBytes));
  } finally {
    // One large file must not cost memory forever.
    if (scratch.length > FIRST_BYTES) scratch = Buffer.allocUnsafeSlow(FIRST_BYTES);
  }
}

/** Reads until the end: a file of /proc returns one page at a time, whatever the size of the buffer. */
function readToEnd(file: number, mostBytes: number): Buffer {
  let length = 0;
  while (length < mostBytes) {
    if (length === scratch.length) scratch = Buffer.concat([scratch], 2 * length);
    const more = readSync(file, scratch, length, Math.min(scratch.length, mostBytes) - length, null);
    if (more === 0) break;
    length += more;
  }
  return Buffer.from(scratch.subarray(0, length));
}
