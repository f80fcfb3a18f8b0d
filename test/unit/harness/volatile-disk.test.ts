// SPDX-License-Identifier: Apache-2.0
// What a power cut leaves of a disk with a volatile cache.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SECTOR_BYTES, VolatileDisk } from '../../../harness/machine/volatile-disk.ts';
import { randomFrom } from '../../support/random.ts';

const SECTORS = 4;
const SEEDS = 200;

const filled = (value: number, sectors = SECTORS) => Buffer.alloc(sectors * SECTOR_BYTES, value);

/** The first bytes of all sectors, each state that a cut may leave once. */
function statesAfter(
  work: (disk: VolatileDisk) => void,
  promises: { sectorBytes?: number; wholeBytes?: number } = {},
): string[] {
  const states = new Set<string>();
  for (let seed = 0; seed < SEEDS; seed++) {
    const disk = new VolatileDisk(filled(0), promises);
    work(disk);
    disk.cut(randomFrom(seed));
    states.add(Array.from({ length: SECTORS }, (_, i) => disk.read(i * SECTOR_BYTES, 1)[0]).join(''));
  }
  return [...states].sort();
}

describe('a disk with a volatile cache', () => {
  it('loses any sectors of what was written since the last flush, and nothing of what that has covered', () => {
    const states = statesAfter((disk) => {
      disk.write(0, filled(1));
      disk.answered();
      disk.flush();
      disk.write(SECTOR_BYTES, filled(2, 2));
      disk.answered();
    });
    assert.deepEqual(states, ['1111', '1121', '1211', '1221']);
  });

  it('writes its first sectors whole or not at all, where a file system relies on it', () => {
    const all = statesAfter((disk) => disk.write(0, filled(1, 3)), { wholeBytes: 2 * SECTOR_BYTES });
    assert.deepEqual(all, ['0000', '0010', '1100', '1110']);
    const second = statesAfter((disk) => disk.write(SECTOR_BYTES, filled(1, 2)), { wholeBytes: 2 * SECTOR_BYTES });
    assert.deepEqual(second, ['0000', '0010', '0100', '0110']);
  });

  it('writes in no order: a later write may be there without the one before', () => {
    const states = statesAfter((disk) => {
      disk.write(0, filled(1, 1));
      disk.write(SECTOR_BYTES, filled(2, 1));
      disk.answered();
    });
    assert.deepEqual(states, ['0000', '0200', '1000', '1200']);
  });

  it('does not promise by a flush what was not answered before it', () => {
    const states = statesAfter((disk) => {
      disk.write(0, filled(1, 1));
      disk.flush();
      disk.answered();
    });
    assert.deepEqual(states, ['0000', '1000']);
  });

  it('writes larger sectors whole or not at all', () => {
    const states = statesAfter((disk) => disk.write(0, filled(1)), { sectorBytes: 2 * SECTOR_BYTES });
    assert.deepEqual(states, ['0000', '0011', '1100', '1111']);
  });

  it('shows the machine what it wrote, and after a cut what is left, which no later cut takes', () => {
    const disk = new VolatileDisk(filled(0));
    disk.write(0, filled(1));
    assert.deepEqual(disk.read(0, disk.size), filled(1));
    const random = randomFrom(7);
    const { kept, lost, torn } = disk.cut(random);
    assert.equal(kept + lost + torn, 1);
    const left = Buffer.from(disk.read(0, disk.size));
    assert.deepEqual(disk.cut(random), { kept: 0, lost: 0, torn: 0 });
    assert.deepEqual(disk.read(0, disk.size), left);
  });
});
