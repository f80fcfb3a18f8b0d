// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { ofEach } from '../../harness/processes.ts';

/** The number of times that a thread of the agent went to sleep; each is one wake-up. */
export function sleeps(pid: number, thread: string): number {
  const counts = ofEach(`/proc/${pid}/task`, (task) => {
    if (readFileSync(`${task}/comm`, 'utf8').trim() !== thread) return 0;
    return Number(/^voluntary_ctxt_switches:\s+(\d+)$/m.exec(readFileSync(`${task}/status`, 'utf8'))![1]);
  });
  return counts.reduce((sum, count) => sum + count, 0);
}

/** Newer versions of Node.js name their main thread. */
export const mainSleeps = (pid: number): number => sleeps(pid, 'MainThread') + sleeps(pid, 'node');
