// SPDX-License-Identifier: Apache-2.0
// The free blocks of an event, and the fragmentation index made from them, against the kernel's own computation in
// debugfs. Both are read just before a compaction of fragmented memory; where free blocks moved in between, which buddyinfo
// shows, nothing can be said, and it is tried again.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { before, describe, it } from 'node:test';
import { fragmentationIndex } from '../../../src/kernel/fragmentation.ts';
import { compact, freeBlocks } from '../../support/host.ts';
import { Fragment } from './fragment.ts';
import { NODES, PLANS, setUp } from './settings.ts';
import { watch } from './watch.ts';

const EXTFRAG = '/sys/kernel/debug/extfrag/extfrag_index';
const ATTEMPTS = 10;

before(() => setUp());

/** The index for each order, by `node/zone`. */
function extfrag(): Map<string, number[]> {
  const zones = new Map<string, number[]>();
  for (const line of readFileSync(EXTFRAG, 'utf8').trim().split('\n')) {
    const [, node, zone, values] = /^Node (\d+), zone\s+(\w+)\s+(.*)$/.exec(line)!;
    zones.set(`${node}/${zone}`, values!.trim().split(/\s+/).map(Number));
  }
  return zones;
}

/** Fragments memory and compacts it by hand. @returns how many indices that say something were compared */
async function compareOnce(plan: (typeof PLANS)[number]): Promise<number> {
  const seen: { blocks: Map<string, number[]>; indices: Map<string, number[]> }[] = [];
  const [watched] = await watch([plan], async () => {
    // The pause lasts until it is told to end.
    const fragment = new Fragment('-p', '60000');
    await fragment.fragmented;
    for (const node of NODES) {
      seen.push({ blocks: freeBlocks(), indices: extfrag() });
      compact(`/sys/devices/system/node/node${node}/compact`, 1);
    }
    await fragment.stop();
  });
  let compared = 0;
  for (const { node, zone, begin, pid } of watched!.events) {
    if (pid !== process.pid) continue;
    const { blocks, indices } = seen[node]!;
    if (`${blocks.get(`${node}/${zone}`)}` !== `${begin.blocks}`) continue;
    const expected = indices.get(`${node}/${zone}`)!;
    assert.deepEqual(
      begin.blocks.map((_, order) => fragmentationIndex(begin.blocks, order)),
      expected,
      `${node}/${zone}: ${begin.blocks}`,
    );
    // -1 where a free block of that size was left.
    compared += expected.filter((index) => index !== -1).length;
  }
  return compared;
}

describe('the fragmentation index', () => {
  for (const plan of PLANS) {
    it(`${plan}: is extfrag_index, for every order`, async () => {
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) if ((await compareOnce(plan)) > 0) return;
      assert.fail(`free blocks moved during each of ${ATTEMPTS} attempts`);
    });
  }
});
