// SPDX-License-Identifier: Apache-2.0
// The memory of a process made of files: pages that /proc/PID/pagemap does not show as present are not read.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { it } from 'node:test';
import { pageBytes } from '../../../src/procfs/auxv.ts';
import { ProcessMemory } from '../../../src/procfs/remote-memory.ts';
import { temporaryFolder } from '../fixtures.ts';

const PAGE = pageBytes();
const PRESENT = 1n << 63n;
const SWAPPED = 1n << 62n;
/** The flag of a page that userfaultfd write-protects. One that was never present is also marked as swapped. */
const MARKED = SWAPPED | (1n << 57n);
/** Soft-dirty, and with a page frame number, neither of which shows that the page is present. */
const NEITHER = (1n << 55n) | 0x123n;

it('only pages that are in memory or in swap are read', (t) => {
  const at = temporaryFolder(t);
  mkdirSync(at('7'));
  const flags = [PRESENT, PRESENT, NEITHER, SWAPPED, PRESENT | (1n << 57n), MARKED];
  const last = PRESENT;
  for (let i = 0; i < 18; i++) flags.push(last);
  const pagemap = Buffer.alloc(flags.length * 8);
  for (const [page, flag] of flags.entries()) pagemap.writeBigUInt64LE(flag, page * 8);
  writeFileSync(at('7', 'pagemap'), pagemap);
  writeFileSync(
    at('7', 'mem'),
    Buffer.alloc(flags.length * PAGE).map((_, i) => i / PAGE),
  );
  const memory = new ProcessMemory(at('7'));
  t.after(() => memory.close());
  const read = (address: number, length: number) => memory.read(BigInt(address), length);
  assert.deepEqual(read(PAGE - 1, 2), Buffer.from([0, 1]));
  assert.deepEqual(read(2 * PAGE - 1, 1), Buffer.from([1]));
  assert.equal(read(2 * PAGE - 1, 2), undefined, 'its second page is not there');
  assert.equal(read(2 * PAGE, 8), undefined);
  assert.equal(read(3 * PAGE - 1, 2), undefined, 'its first page is not there');
  assert.deepEqual(read(4 * PAGE - 1, 2), Buffer.from([3, 4]));
  assert.equal(read(5 * PAGE - 4, 8), undefined, 'its end is not there');
  assert.equal(read(5 * PAGE, 1), undefined, 'only marked');
  assert.equal(read(flags.length * PAGE - 4, 8), undefined, 'beyond the end');
  assert.deepEqual(read(7, 0), Buffer.alloc(0));
  if (PAGE === 4096) assert.equal(read(6 * PAGE, 65536)?.length, 65536);
  assert.equal(read(6 * PAGE, 65537), undefined, 'longer than anything that is read');
  assert.equal(read(-1, 1), undefined, 'which the system takes for the current position');
  assert.equal(memory.read(1n << 64n, 1), undefined);
});
