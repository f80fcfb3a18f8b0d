// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync } from 'node:fs';

/** The pids of the processes that a process's main thread has started, as far as they still run. */
export const childrenOf = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim().split(' ').filter(Boolean).map(Number);

/**
 * What `read` makes of each entry of a folder in /proc, such as `task` or `fdinfo`. An entry that has gone since the folder was listed is left
 * out: a thread that has ended, a descriptor that was closed.
 */
export function ofEach<T>(folder: string, read: (path: string) => T): T[] {
  return readdirSync(folder).flatMap((name) => {
    try {
      return [read(`${folder}/${name}`)];
    } catch (error) {
      if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code!)) return [];
      throw error;
    }
  });
}

/** What the kernel says of a process's descriptors, by the file that says it. */
export const descriptorsOf = (pid: number): Map<string, string> =>
  new Map(ofEach(`/proc/${pid}/fdinfo`, (file) => [file, readFileSync(file, 'latin1')] as const));
