// SPDX-License-Identifier: Apache-2.0
/** The number of compactions in the kernel, counted by ftrace in a separate trace instance, independently of both tools. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const INSTANCE = '/sys/kernel/tracing/instances/bench';

/** Starts counting. */
export function countCompactions(): void {
  mkdirSync(INSTANCE);
  writeFileSync(`${INSTANCE}/events/compaction/mm_compaction_end/enable`, '1');
}

/** The number of ends so far, including those that the buffer overwrote. */
export function compactions(): number {
  let all = 0;
  for (const cpu of readdirSync(`${INSTANCE}/per_cpu`)) {
    const text = readFileSync(`${INSTANCE}/per_cpu/${cpu}/stats`, 'utf8');
    for (const key of ['entries', 'overrun']) all += Number(new RegExp(`^${key}: (\\d+)$`, 'm').exec(text)![1]);
  }
  return all;
}

/** Waits for a second without compactions: kcompactd continues for a while after memory was fragmented. */
export async function quiet(): Promise<void> {
  for (let before = -1, now = compactions(); now !== before; now = compactions()) {
    before = now;
    await sleep(1000);
  }
}
