// SPDX-License-Identifier: Apache-2.0
import { closeSync, openSync, readSync } from 'node:fs';

/** What the kernel hands over of a file of /proc in one read is about a page; larger buffers save calls where it is more. */
const STEP = 64 << 10;

/**
 * A file of /proc, whose length nobody knows before its end.
 * @returns undefined when it is longer than `most` bytes
 * @throws the system's error
 */
export function readProc(path: string, most: number): string | undefined {
  const file = openSync(path, 'r');
  try {
    const parts: Buffer[] = [];
    let buffer = Buffer.allocUnsafe(Math.min(STEP, most + 1));
    let used = 0;
    let total = 0;
    for (;;) {
      const read = readSync(file, buffer, used, buffer.length - used, null);
      if (read === 0) break;
      used += read;
      total += read;
      if (total > most) return undefined;
      if (used < buffer.length) continue;
      parts.push(buffer);
      buffer = Buffer.allocUnsafe(STEP);
      used = 0;
    }
    parts.push(buffer.subarray(0, used));
    return Buffer.concat(parts).toString('utf8');
  } finally {
    closeSync(file);
  }
}
