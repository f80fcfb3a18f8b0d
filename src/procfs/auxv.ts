// SPDX-License-Identifier: Apache-2.0
import { closeSync, openSync, readSync } from 'node:fs';

/** The kernel's saved copy has room for some 25 pairs. */
const SIZE = 1024;

export const AT_PAGESZ = 6;
export const AT_ENTRY = 9;

/**
 * A value that the kernel handed to a program when it started it (getauxval(3)).
 * @throws the system's error
 */
export function auxiliaryValue(pid: number | 'self', type: number, proc = '/proc'): bigint | undefined {
  const file = openSync(`${proc}/${pid}/auxv`, 'r');
  try {
    const words = Buffer.alloc(SIZE);
    const length = readSync(file, words, 0, SIZE, 0);
    for (let at = 0; at + 16 <= length; at += 16) {
      if (words.readBigUInt64LE(at) === BigInt(type)) return words.readBigUInt64LE(at + 8);
    }
    return undefined;
  } finally {
    closeSync(file);
  }
}
