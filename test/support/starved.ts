// SPDX-License-Identifier: Apache-2.0
import { execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { endsWithTests } from '../../harness/ends-with-tests.ts';

/**
 * Leaves a process a twentieth of one CPU, like a pod with a limit of 50m: a program of the real-time class takes the rest of
 * that CPU, as much as the kernel allows (sched_rt_runtime_us).
 * @returns a function that ends that program
 */
export function starve(pid: number): () => void {
  const [cpu] = /^Cpus_allowed_list:\s*(\d+)/m.exec(readFileSync('/proc/self/status', 'latin1'))!.slice(1);
  execFileSync('taskset', ['--all-tasks', '--cpu-list', '--pid', cpu!, `${pid}`], { stdio: 'ignore' });
  const words = ['--fifo', '1', 'taskset', '--cpu-list', cpu!, 'sh', '-c', 'while :; do :; done'];
  const hog = endsWithTests(spawn('chrt', words, { stdio: 'ignore' }));
  return () => hog.kill('SIGKILL');
}
