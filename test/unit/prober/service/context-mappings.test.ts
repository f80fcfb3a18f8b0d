// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { contextsIn, isMemory } from '../../../../src/prober/service/context-mappings.ts';
import { parseMaps } from '../../../../src/procfs/maps.ts';

describe('whether an address is in memory', () => {
  it('of every mapping of this process: at its first and last byte, and beside it', () => {
    const text = readFileSync('/proc/self/maps', 'latin1');
    const maps = parseMaps(text)!;
    const all = text
      .trimEnd()
      .split('\n')
      .map((line) => {
        const [range, , , device] = line.split(' ') as [string, string, string, string];
        const [first, behind] = range.split('-').map((hex) => BigInt(`0x${hex}`)) as [bigint, bigint];
        return { first, behind, memory: device === '00:00' || device === '00:01' };
      });
    assert.ok(all.some(({ memory }) => memory) && all.some(({ memory }) => !memory));
    const expected = (at: bigint) => all.some(({ first, behind, memory }) => first <= at && at < behind && memory);
    for (const { first, behind, memory } of all) {
      for (const at of [first - 1n, first, behind - 1n, behind])
        assert.equal(isMemory(maps, at, 1), expected(at), `${at}`);
      const size = Number(behind - first);
      assert.equal(isMemory(maps, first, size), memory);
      assert.equal(isMemory(maps, first, size + 1), false, 'not all of it is in one mapping');
    }
    assert.equal(isMemory(maps, 0n, 1), false);
    assert.equal(isMemory(maps, 2n ** 64n - 1n, 1), false);
  });

  it('text that is none', () => {
    for (const text of ['', '\n', 'x', '\n\n\n', 'zz-zz rw-p\n', '1-2', '1000-2000 rw-p']) {
      assert.equal(isMemory(parseMaps(text)!, 0x1800n, 1), false);
    }
  });

  it('the name of a mapping cannot make up another', () => {
    const maps = '1000-2000 r-xp 00000000 00:31 5   /x\\0121000-2000 r--p 00000000 00:00 0 [anon:OTEL_CTX]\n';
    assert.deepEqual(contextsIn(parseMaps(maps)!), []);
  });
});
