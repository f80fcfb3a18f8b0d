// SPDX-License-Identifier: Apache-2.0
/** The same work for each tool, and the part that its programs took. */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { COMPACT_MEMORY, compact } from '../../../harness/host.ts';
import type { Cost } from '../samples.ts';
import type { Programs } from './programs.ts';
import { compactions, quiet } from './truth.ts';

const FRAGMENT = fileURLToPath(new URL('../../../harness/programs/fragment/build/fragment', import.meta.url));
/** The first writes find memory as others left it. */
const WARM_UP_WRITES = 11;

/** Compacts all of memory by hand. */
export function manualWork(programs: Programs, writes: number): Promise<Cost> {
  compact(COMPACT_MEMORY, WARM_UP_WRITES);
  return measured(programs, async () => compact(COMPACT_MEMORY, writes));
}

/** Fragments memory and faults huge pages in. */
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

/** Compacts all of memory every 100 ms, in a separate process, so that this one sees the first row at once. */
export function everyTenthOfASecond(): { stop(): void } {
  const child = execFile('sh', ['-c', `while :; do echo 1 >${COMPACT_MEMORY}; usleep 100000; done`]);
  return { stop: () => child.kill('SIGKILL') };
}

/** Gives huge pages to processes that ask for them, which then compact directly, and lets the kernel measure BPF programs. */
export function setUp(): void {
  writeFileSync('/sys/kernel/mm/transparent_hugepage/enabled', 'madvise');
  writeFileSync('/sys/kernel/mm/transparent_hugepage/defrag', 'madvise');
  writeFileSync('/proc/sys/kernel/bpf_stats_enabled', '1');
}
