// SPDX-License-Identifier: Apache-2.0
/**
 * The kernel's own computation of the fragmentation index, in debugfs, against ours. It is read just before a compaction
 * of fragmented memory. Where free blocks moved in between, which buddyinfo shows, nothing can be said.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { CompactionEvent } from '../../../src/event.ts';
import { fragmentationIndex } from '../../../src/kernel/fragmentation.ts';
import { freeBlocks } from '../../support/host.ts';

const EXTFRAG = '/sys/kernel/debug/extfrag/extfrag_index';

/** What the kernel says of one node's zones, before their compaction. */
export interface Said {
  blocks: Map<string, number[]>;
  /** The index for each order, by `node/zone`. */
  indices: Map<string, number[]>;
}

export function askKernel(): Said {
  const indices = new Map<string, number[]>();
  for (const line of readFileSync(EXTFRAG, 'utf8').trim().split('\n')) {
    const [, node, zone, values] = /^Node (\d+), zone\s+(\w+)\s+(.*)$/.exec(line)!;
    indices.set(`${node}/${zone}`, values!.trim().split(/\s+/).map(Number));
  }
  return { blocks: freeBlocks(), indices };
}

/** @returns how many indices were compared that say something: -1 is where a free block of that size was left */
export function compareIndices(event: CompactionEvent, { blocks, indices }: Said): number {
  const place = `${event.node}/${event.zone}`;
  const own = event.begin.blocks;
  if (`${blocks.get(place)}` !== `${own}`) return 0;
  const expected = indices.get(place)!;
  assert.deepEqual(
    own.map((_, order) => fragmentationIndex(own, order)),
    expected,
    `${place}: ${own}`,
  );
  return expected.filter((index) => index !== -1).length;
}
