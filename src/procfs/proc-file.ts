// SPDX-License-Identifier: Apache-2.0
import { closeSync, openSync, readSync } from 'node:fs';

/** undefined when the process has ended, is a kernel thread, or may not be looked at. */
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
 * What a file of /proc says, at most so many bytes of it: it is another process that decides how long it is.
 * @throws the system's error, such as ENOENT or EACCES
 */
export function readProcFile(path: string, mostBytes: number): Buffer {
  const file = openSync(path, 'r');
  try {
    return readToEnd(file, mostBytes);
  } finally {
    closeSync(file);
    // One giant must not cost memory for ever.
    if (scratch.length > FIRST_BYTES) scratch = Buffer.allocUnsafeSlow(FIRST_BYTES);
  }
}

/** Such a file gives a page at a time, whatever is asked for. */
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
