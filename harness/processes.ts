// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';

/** The pids of the processes that a process's main thread has started, as far as they still run. */
export const childrenOf = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim().split(' ').filter(Boolean).map(Number);
