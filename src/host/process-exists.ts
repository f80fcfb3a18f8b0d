// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs';
import { ownPid } from './pid-namespace.ts';

/** /proc may hide the processes of other users (hidepid). In the own PID namespace a signal that is not sent asks, too. */
export function processExists(pid: number, procfs: string): boolean {
  if (existsSync(`${procfs}/${pid}`)) return true;
  if (ownPid(procfs) !== process.pid) return !existsSync(`${procfs}/1`);
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
