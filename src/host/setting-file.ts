// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';

/** The trimmed text of a file; undefined when it cannot be read. */
export function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined;
  }
}

/** The whole number in a file; undefined when there is no such file, or it holds anything else. */
export function readNumber(path: string): number | undefined {
  const text = readText(path);
  return text !== undefined && /^-?\d+$/.test(text) ? Number(text) : undefined;
}

/** The chosen word of a file such as `always [madvise] never`. */
export function readChoice(path: string): string | undefined {
  return /\[([^\]\s]+)\]/.exec(readText(path) ?? '')?.[1];
}
