// SPDX-License-Identifier: Apache-2.0
/** The same work for each tool, and what its programs took of it. */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { COMPACT_MEMORY, compact } from '../../../harness/host.ts';
import type { Cost } from '../samples.ts';
import type { Programs } from './programs.ts';
import { compactions, quiet } from './truth.ts';

const FRAGMENT = fileURLToPath(new URL('../../../harness/programs/fragment/build/fragment', import.meta.url));
/** The first ones find memory as others left it. */
const WARM_UP_WRITES = 11;

/** All of memory, so many times. */
export function manualWork(programs: Programs, writes: number): Promise<Cost> {
  compact(COMPACT_MEMORY, WARM_UP_WRITES);
  return measured(programs, async () => compact(COMPACT_MEMORY, writes));
}

/** Faults of huge pages on fragmented memory, so many rounds. */
export async function directWork(programs: Programs, rounds: number): Promise<Cost> {
  const fragment = async (times: number) => {
    await promisify(execFile)(FRAGMENT, ['-r', String(times)]);
    await quiet();
  };
  await fragment(1);
  return measured(programs, () => fragment(rounds));
}

async function measured(programs: Programs, work: () => Promise<void>): Promise<Cost> {
  const before = { pairs: compactions(), ns: programs.runTimeNs() };
  await work();
  const pairs = compactions() - before.pairs;
  return { pairs, nsPerPair: (programs.runTimeNs() - before.ns) / pairs };
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
