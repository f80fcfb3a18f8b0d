// SPDX-License-Identifier: Apache-2.0
import { closeSync, fstatSync, openSync } from 'node:fs';

/** Opens a file, calls `use` with its descriptor, and closes it. @throws the system's error, or what `use` throws */
export function withFile<T>(path: string, use: (file: number) => T, flags: string | number = 'r'): T {
  const file = openSync(path, flags);
  try {
    return use(file);
  } finally {
    closeSync(file);
  }
}

/**
 * Tells a file or pipe apart from every other one, whatever its names. undefined for the rest, such as /dev/null and terminals,
 * which may be read and written at the same time.
 */
export function identityOf(file: number): string | undefined {
  const status = fstatSync(file, { bigint: true });
  return status.isFile() || status.isFIFO() ? `${status.dev}:${status.ino}` : undefined;
}
