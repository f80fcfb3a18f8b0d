// SPDX-License-Identifier: Apache-2.0
/** The same work for each tool, and what its programs took of it. */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { COMPACT_MEMORY, compact } from '../../../support/host.ts';
import { median, sum } from '../../statistics.ts';
import type { Cost } from '../samples.ts';
import type { Programs } from './programs.ts';
import { compactions, quiet } from './truth.ts';

const FRAGMENT = fileURLToPath(new URL('../../../vm/guest/build/fragment', import.meta.url));
/** The emulator translates code when it runs for the first time, which takes milliseconds. */
const WARM_UP_WRITES = 11;

/** All of memory, so many times. */
export function manualWork(programs: Programs, writes: number): Promise<Cost> {
  compact(COMPACT_MEMORY, WARM_UP_WRITES);
  return measured(programs, writes, () => compact(COMPACT_MEMORY, 1));
}

/** Faults of huge pages on fragmented memory, so many rounds. */
export async function directWork(programs: Programs, rounds: number): Promise<Cost> {
  const fragment = (times: number) => promisify(execFile)(FRAGMENT, ['-r', String(times)]);
  await fragment(1);
  await quiet();
  return measured(programs, rounds, async () => {
    await fragment(1);
    await quiet();
  });
}

async function measured(programs: Programs, times: number, work: () => void | Promise<void>): Promise<Cost> {
  const parts: Cost[] = [];
  for (let i = 0; i < times; i++) {
    const before = sample(programs);
    await work();
    parts.push(difference(before, sample(programs)));
  }
  return total(parts);
}

const sample = (programs: Programs) => ({ pairs: compactions(), ns: programs.runTimeNs() });

function difference(a: { pairs: number; ns: number }, b: { pairs: number; ns: number }): Cost {
  const pairs = b.pairs - a.pairs;
  return { pairs, meanNs: (b.ns - a.ns) / pairs, medianNs: (b.ns - a.ns) / pairs };
}

function total(parts: readonly Cost[]): Cost {
  const pairs = sum(parts.map((part) => part.pairs));
  return {
    pairs,
    meanNs: sum(parts.map((part) => part.meanNs * part.pairs)) / pairs,
    medianNs: median(parts.map((part) => part.meanNs)),
  };
}

/** Compacts all of memory now and then, from a process of its own, so that this one sees what comes of it at once. */
export function everyTenthOfASecond(): { stop(): void } {
  const child = execFile('sh', ['-c', `while :; do echo 1 >${COMPACT_MEMORY}; usleep 100000; done`]);
  return { stop: () => child.kill('SIGKILL') };
}

/** Huge pages for those who ask, who then compact themselves; the kernel measures BPF programs. */
export function setUp(): void {
  writeFileSync('/sys/kernel/mm/transparent_hugepage/enabled', 'madvise');
  writeFileSync('/sys/kernel/mm/transparent_hugepage/defrag', 'madvise');
  writeFileSync('/proc/sys/kernel/bpf_stats_enabled', '1');
}
