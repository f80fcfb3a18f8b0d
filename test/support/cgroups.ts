// SPDX-License-Identifier: Apache-2.0
/** New cgroups for the processes of a test. */
import { mkdirSync, readFileSync, rmdirSync } from 'node:fs';
import type { TestContext } from 'node:test';

interface Mount {
  path: string;
  type: string;
  options: string[];
}

const mounts: Mount[] = readFileSync('/proc/mounts', 'utf8')
  .trim()
  .split('\n')
  .map((line) => line.split(' '))
  .map(([, path, type, options]) => ({ path: path!, type: type!, options: options!.split(',') }));
export const version2 = mounts.find(({ type }) => type === 'cgroup2');
/** Not cpuset, which refuses processes before it has CPUs. */
export const version1 = mounts.find(({ type, options }) => type === 'cgroup' && options.includes('pids'));

let trees = 0;

/** Makes nested cgroups, and removes them, innermost first, after the test. @returns the innermost */
export function cgroup(t: TestContext, mount: Mount, ...names: string[]): string {
  const made: string[] = [];
  for (const name of [`compactstall-test-${process.pid}-${++trees}`, ...names]) {
    made.push(`${made.at(-1) ?? mount.path}/${name}`);
    mkdirSync(made.at(-1)!);
  }
  t.after(() => {
    for (const path of made.reverse()) rmdirSync(path);
  });
  return made.at(-1)!;
}
