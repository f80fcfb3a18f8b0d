// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync } from 'node:fs';

/** The number of times that a thread of the agent went to sleep; each is one wake-up. */
export function sleeps(pid: number, thread: string): number {
  let total = 0;
  for (const tid of readdirSync(`/proc/${pid}/task`)) {
    if (readFileSync(`/proc/${pid}/task/${tid}/comm`, 'utf8').trim() !== thread) continue;
    const status = readFileSync(`/proc/${pid}/task/${tid}/status`, 'utf8');
    total += Number(/^voluntary_ctxt_switches:\s+(\d+)$/m.exec(status)![1]);
  }
  return total;
}

/** Newer versions of Node.js name their main thread. */
export const mainSleeps = (pid: number): number => sleeps(pid, 'MainThread') + sleeps(pid, 'node');
