// SPDX-License-Identifier: Apache-2.0
import { closeSync, openSync } from 'node:fs';

/** Opens a file, calls `use` with its descriptor, and closes it. @throws the system's error, or what `use` throws */
export function withFile<T>(path: string, use: (file: number) => T, flags: string | number = 'r'): T {
  const file = openSync(path, flags);
  try {
    return use(file);
  } finally {
    closeSync(file);
  }
}
