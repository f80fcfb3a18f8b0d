// SPDX-License-Identifier: Apache-2.0
import { readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { attempt } from './proc-file.ts';

/**
 * The base name of the executable; undefined without the right to see it.
 * @param folder /proc/PID
 */
export function executableOf(folder: string): string | undefined {
  return attempt(() => basename(readlinkSync(`${folder}/exe`)).replace(/ \(deleted\)$/, '')) || undefined;
}
