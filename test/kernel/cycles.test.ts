// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { bpfObjectsLeft, populatedZones } from '../../harness/host.ts';

const CHILD = fileURLToPath(new URL('child/cycles.ts', import.meta.url));
/** 80 KB for each measured cycle; the ring buffer alone has 256 KB. */
const MAX_GROWTH_BYTES = 8 * 1024 * 1024;

it('after 200 times attach and detach, nothing stays in the kernel, and memory has not grown', async () => {
  assert.deepEqual(await bpfObjectsLeft(), [], 'another agent is running');
  const zones = populatedZones().filter(({ node }) => node === 0).length;
  const output = execFileSync(process.execPath, ['--expose-gc', '--max-semi-space-size=1', CHILD], {
    encoding: 'utf8',
    // This makes malloc return freed large blocks; by default it may keep them. The flags above likewise stop V8 from growing
    // its young generation.
    env: { ...process.env, MALLOC_MMAP_THRESHOLD_: '131072' },
  });
  const { cycles, events, attachedObjects, grownBytes, grownDescriptors } = JSON.parse(output);
  assert.equal(cycles, 200);
  assert.equal(events, cycles * zones);
  assert.ok(attachedObjects >= 3 + 4 + 3, `programs, maps and links are seen while attached: ${attachedObjects}`);
  assert.deepEqual(await bpfObjectsLeft(), [], 'what stays after 200 cycles');
  assert.equal(grownDescriptors, 0);
  assert.ok(grownBytes < MAX_GROWTH_BYTES, `grew by ${grownBytes} bytes`);
});
