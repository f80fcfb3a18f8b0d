// SPDX-License-Identifier: Apache-2.0
// Memory of a process that is made up of files: what /proc/PID/pagemap does not call present is not read.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { it } from 'node:test';
import { AT_PAGESZ, auxiliaryValue } from '../../../src/procfs/auxv.ts';
import { ProcessMemory } from '../../../src/procfs/remote-memory.ts';
import { temporaryFolder } from '../fixtures.ts';

const PAGE = Number(auxiliaryValue('self', AT_PAGESZ));
const PRESENT = 1n << 63n;
const SWAPPED = 1n << 62n;
/** Soft-dirty, and with a page frame number: neither says that it is there. */
const NEITHER = (1n << 55n) | 0x123n;

it('only pages that are in memory or in swap are read', (t) => {
  const at = temporaryFolder(t);
  mkdirSync(at('7'));
  const flags = [PRESENT, PRESENT, NEITHER, SWAPPED, PRESENT];
  const pagemap = Buffer.alloc(flags.length * 8);
  for (const [page, flag] of flags.entries()) pagemap.writeBigUInt64LE(flag, page * 8);
  writeFileSync(at('7', 'pagemap'), pagemap);
  writeFileSync(
    at('7', 'mem'),
    Buffer.alloc(flags.length * PAGE).map((_, i) => i / PAGE),
  );
  const memory = new ProcessMemory(7, at());
  t.after(() => memory.close());
  const read = (address: number, length: number) => memory.read(BigInt(address), length);
  assert.deepEqual(read(PAGE - 1, 2), Buffer.from([0, 1]));
  assert.deepEqual(read(2 * PAGE - 1, 1), Buffer.from([1]));
  assert.equal(read(2 * PAGE - 1, 2), undefined, 'its second page is not there');
  assert.equal(read(2 * PAGE, 8), undefined);
  assert.equal(read(3 * PAGE - 1, 2), undefined, 'its first page is not there');
  assert.deepEqual(read(4 * PAGE - 1, 2), Buffer.from([3, 4]));
  assert.equal(read(5 * PAGE - 4, 8), undefined, 'its end is not there');
  assert.equal(read(0, 4096)?.length, 4096);
  assert.equal(read(0, 4097), undefined, 'longer than anything that is looked at');
  assert.equal(read(-1, 1), undefined, 'which the system takes for the current position');
  assert.equal(memory.read(1n << 64n, 1), undefined);
});
