// SPDX-License-Identifier: Apache-2.0
import { getSystemErrorMap } from 'node:util';

/** What disks and file systems answer that Node.js has no name for, in the words of strerror(3), by errno: the same on x86-64 and arm64. */
const UNNAMED: Readonly<Record<number, readonly [name: string, words: string]>> = {
  52: ['EBADE', 'invalid exchange'],
  74: ['EBADMSG', 'bad message'],
  117: ['EUCLEAN', 'structure needs cleaning'],
  122: ['EDQUOT', 'disk quota exceeded'],
  123: ['ENOMEDIUM', 'no medium found'],
  124: ['EMEDIUMTYPE', 'wrong medium type'],
  126: ['ENOKEY', 'required key not available'],
  127: ['EKEYEXPIRED', 'key has expired'],
  128: ['EKEYREVOKED', 'key has been revoked'],
  129: ['EKEYREJECTED', 'key was rejected by service'],
  133: ['EHWPOISON', 'memory page has hardware error'],
};

/**
 * The name and the words of an error that Node.js has none for: it writes `Unknown system error -117`, or `UNKNOWN`.
 *
 * @returns undefined for any other error
 */
export function unnamedSystemError(error: unknown): readonly [name: string, words: string] | undefined {
  const { errno } = (error ?? {}) as NodeJS.ErrnoException;
  if (errno === undefined || !Number.isInteger(errno) || errno >= 0 || getSystemErrorMap().has(errno)) return undefined;
  return UNNAMED[-errno] ?? [`ERRNO_${-errno}`, `error number ${-errno}`];
}
