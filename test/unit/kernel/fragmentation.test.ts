// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fragmentationIndex } from '../../../src/kernel/fragmentation.ts';

/** __fragmentation_index() and fill_contig_page_info() of mm/vmstat.c, line by line in 64-bit integers. */
function kernelIndex(blocks: readonly number[], order: number): number {
  const requested = 1n << BigInt(order);
  let total = 0n;
  let pages = 0n;
  let suitable = 0n;
  blocks.forEach((free, o) => {
    total += BigInt(free);
    pages += BigInt(free) << BigInt(o);
    if (o >= order) suitable += BigInt(free) << BigInt(o - order);
  });
  if (total === 0n) return 0;
  if (suitable > 0n) return -1000;
  return Number(1000n - (1000n + (pages * 1000n) / requested) / total);
}

describe('fragmentation index', () => {
  it('by hand', () => {
    assert.equal(fragmentationIndex([0, 0, 0], 1), 0, 'nothing is free: memory is short');
    assert.equal(fragmentationIndex([], 0), 0);
    assert.equal(fragmentationIndex([5, 0, 1], 2), -1, 'a block of the order is free');
    assert.equal(fragmentationIndex([5, 0, 1], 1), -1, 'a larger one will do');
    // 1 - (1 + 1024/512) / 1024 = 0.998 in integers: 1000 - floor((1000 + 2000) / 1024).
    assert.equal(fragmentationIndex([1024], 9), 0.998);
    // 512 pages in two blocks: 1000 - floor((1000 + 1000) / 2).
    assert.equal(fragmentationIndex([0, 0, 0, 0, 0, 0, 0, 0, 2], 9), 0);
    // A single block of half the size: 1000 - (1000 + 500) / 1.
    assert.equal(fragmentationIndex([0, 0, 0, 0, 0, 0, 0, 0, 1], 9), -0.5);
  });

  it('has no meaning for a whole zone', () => {
    assert.equal(fragmentationIndex([1, 2, 3], -1), null);
    assert.equal(fragmentationIndex([], -1), null);
  });

  it('follows the kernel’s formula for any zone', () => {
    let seed = 1;
    const random = (below: number) => {
      seed = (seed * 48271) % 2147483647;
      return seed % below;
    };
    for (let i = 0; i < 5000; i++) {
      const order = random(11);
      const blocks = Array.from({ length: 11 }, (_, o) => (o < order || random(4) === 0 ? random(10 ** random(8)) : 0));
      assert.equal(fragmentationIndex(blocks, order), kernelIndex(blocks, order) / 1000, `${blocks}, order ${order}`);
    }
  });

  it('is exact for zones of terabytes', () => {
    const blocks = [2 ** 32 - 1, 2 ** 32 - 1, 2 ** 32 - 1, 0];
    assert.equal(fragmentationIndex(blocks, 3), kernelIndex(blocks, 3) / 1000);
  });
});
