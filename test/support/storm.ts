// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { endsWithTests } from '../../harness/ends-with-tests.ts';
import { COMPACT_NODE0 } from '../../harness/host.ts';

/** Processes that compact node 0 at the same time, each so many times. Resolves when all have ended. */
export async function storm(processes: number, writes: number): Promise<void> {
  const loop = `i=0; while [ $i -lt ${writes} ]; do echo 1 >${COMPACT_NODE0}; i=$((i + 1)); done`;
  const shells = Array.from({ length: processes }, () => endsWithTests(spawn('sh', ['-c', loop])));
  await Promise.all(shells.map((shell) => once(shell, 'close')));
}
