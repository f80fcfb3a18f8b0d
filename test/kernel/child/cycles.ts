// SPDX-License-Identifier: Apache-2.0
// Attaches and detaches many times in one process, then prints the growth as JSON. Run by ../cycles.test.ts.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { bpfObjects, COMPACT_NODE0, compact } from '../../../harness/host.ts';
import { TRIGGERS } from '../../../src/event/event.ts';
import { LiveSource } from '../../../src/live/live-source.ts';

const CYCLES = 200;
/** By then all code is compiled and all caches are full. */
const WARM = 100;
const BETWEEN_COLLECTIONS = 10;

/** Twice, with a pause: native objects are freed by finalizers, array buffers by another thread. */
async function memory(): Promise<number> {
  for (let i = 0; i < 2; i++) {
    globalThis.gc!();
    await sleep(100);
  }
  return process.memoryUsage.rss();
}

const descriptors = () => readdirSync('/proc/self/fd').length;

let events = 0;
let attachedObjects = 0;
let warm = { memory: 0, descriptors: 0 };
for (let i = 1; i <= CYCLES; i++) {
  const source = new LiveSource({
    pid: process.pid,
    minDurationNs: 0,
    triggers: TRIGGERS,
    context: 'child',
    stackMinDurationNs: 0,
    ringBytes: 256 * 1024,
    runTimeStats: true,
  });
  const run = source.run((batch) => {
    events += batch.length;
  });
  compact(COMPACT_NODE0, 1);
  if (i === 1) attachedObjects = bpfObjects().length;
  await source.stop();
  await run;
  source.close();
  if (i % BETWEEN_COLLECTIONS === 0) {
    const now = await memory();
    if (i === WARM) warm = { memory: now, descriptors: descriptors() };
  }
}
assert.ok(warm.memory > 0);
console.log(
  JSON.stringify({
    cycles: CYCLES,
    events,
    attachedObjects,
    grownBytes: (await memory()) - warm.memory,
    grownDescriptors: descriptors() - warm.descriptors,
  }),
);
