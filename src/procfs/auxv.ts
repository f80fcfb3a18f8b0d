// SPDX-License-Identifier: Apache-2.0
import { readSync } from 'node:fs';
import { withFile } from '../descriptor.ts';

/** The kernel's saved copy has room for some 25 pairs. */
const SIZE = 1024;

export const AT_PAGESZ = 6;
export const AT_ENTRY = 9;

/**
 * A value that the kernel gave a program at its start (getauxval(3)).
 * @param folder /proc/PID
 * @throws the system's error
 */
export function auxiliaryValue(folder: string, type: number): bigint | undefined {
  return withFile(`${folder}/auxv`, (file) => {
    const words = Buffer.alloc(SIZE);
    const length = readSync(file, words, 0, SIZE, 0);
    for (let at = 0; at + 16 <= length; at += 16) {
      if (words.readBigUInt64LE(at) === BigInt(type)) return words.readBigUInt64LE(at + 8);
    }
    return undefined;
  });
}

/**
 * The size of a page of this kernel: 4096 bytes, but on arm64 also 16 or 64 KiB. Node.js does not offer it.
 * @param folder /proc/PID of any process
 */
export function pageBytes(folder = '/proc/self'): number {
  try {
    return Number(auxiliaryValue(folder, AT_PAGESZ) ?? 4096n);
  } catch {
    return 4096;
  }
}
