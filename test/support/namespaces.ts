// SPDX-License-Identifier: Apache-2.0
/** Processes in namespaces, as they are seen from outside. */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** The pid, in this test's namespace, of the process that `unshare --fork` or `nsenter` started, once there is one. */
export async function childOf(pid: number): Promise<number> {
  for (;;) {
    const [child] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').split(' ');
    if (child) return Number(child);
    await sleep(10);
  }
}

/** Its pids, from this test's namespace down to its own. */
export const pidsOf = (pid: number): number[] =>
  /^NSpid:\s*(.*)$/m
    .exec(readFileSync(`/proc/${pid}/status`, 'latin1'))![1]!
    .split(/\s+/)
    .map(Number);
