// SPDX-License-Identifier: Apache-2.0
/** How many compactions the kernel did, counted by neither tool: by ftrace, in a trace instance of our own. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const INSTANCE = '/sys/kernel/tracing/instances/bench';

/** From here on they are counted. */
export function countCompactions(): void {
  mkdirSync(INSTANCE);
  writeFileSync(`${INSTANCE}/events/compaction/mm_compaction_end/enable`, '1');
}

/** Ends so far, those that the buffer overwrote included. */
export function compactions(): number {
  let all = 0;
  for (const cpu of readdirSync(`${INSTANCE}/per_cpu`)) {
    const text = readFileSync(`${INSTANCE}/per_cpu/${cpu}/stats`, 'utf8');
    for (const key of ['entries', 'overrun']) all += Number(new RegExp(`^${key}: (\\d+)$`, 'm').exec(text)![1]);
  }
  return all;
}

/** Until there was none for a second: kcompactd goes on for a while after memory was fragmented. */
export async function quiet(): Promise<void> {
  for (let before = -1, now = compactions(); now !== before; now = compactions()) {
    before = now;
    await sleep(1000);
  }
}
