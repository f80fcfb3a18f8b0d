// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { Maps } from '../../../src/victim/maps.ts';

describe('whether an address is in memory', () => {
  it('of every mapping of this process: at its first and last byte, and beside it', () => {
    const text = readFileSync('/proc/self/maps', 'latin1');
    const maps = new Maps(Buffer.from(text, 'latin1'));
    const all = text
      .trimEnd()
      .split('\n')
      .map((line) => {
        const [range, , , device] = line.split(' ') as [string, string, string, string];
        const [first, behind] = range.split('-').map((hex) => Number(`0x${hex}`)) as [number, number];
        return { first, behind, isMemory: device === '00:00' || device === '00:01' };
      })
      // Beyond 2^53, where numbers are not exact, there is only the kernel's own page.
      .filter(({ behind }) => Number.isSafeInteger(behind));
    assert.ok(all.some(({ isMemory }) => isMemory) && all.some(({ isMemory }) => !isMemory));
    const expected = (at: number) => all.some(({ first, behind, isMemory }) => first <= at && at < behind && isMemory);
    for (const { first, behind, isMemory } of all) {
      for (const at of [first - 1, first, behind - 1, behind]) assert.equal(maps.isMemory(at), expected(at), `${at}`);
      assert.equal(maps.isMemory(first, behind - first), isMemory);
      assert.equal(maps.isMemory(first, behind - first + 1), false, 'not all of it is in one mapping');
    }
    assert.equal(maps.isMemory(0), false);
    assert.equal(maps.isMemory(Number(2n ** 64n - 1n)), false);
  });

  it('text that is none', () => {
    for (const text of ['', '\n', 'x', '\n\n\n', 'zz-zz rw-p\n', '1-2', '1000-2000 rw-p']) {
      assert.equal(new Maps(Buffer.from(text)).isMemory(0x1800), false);
    }
  });

  it('the name of a mapping cannot make up another', () => {
    const maps = '1000-2000 r-xp 00000000 00:31 5   /x\\0121000-2000 r--p 00000000 00:00 0 [anon:OTEL_CTX]\n';
    assert.deepEqual(new Maps(Buffer.from(maps)).contexts(), []);
  });
});
