// SPDX-License-Identifier: Apache-2.0
/**
 * The kernel's fragmentation index, in debugfs, compared with ours. It is read just before a compaction of fragmented memory.
 * A change of free blocks in between, which buddyinfo shows, makes the comparison void.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { freeBlocks } from '../../../harness/host.ts';
import type { CompactionEvent } from '../../../src/event/event.ts';
import { fragmentationIndex } from '../../../src/kernel/fragmentation.ts';

const EXTFRAG = '/sys/kernel/debug/extfrag/extfrag_index';

/** The kernel's values for one node's zones, before their compaction. */
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

const placeOf = ({ node, zone }: CompactionEvent) => `${node}/${zone}`;

/** Whether free blocks did not change, and some index has a meaning: it is -1 if a free block of that size was left. */
export function comparable(event: CompactionEvent, { blocks, indices }: Said): boolean {
  const place = placeOf(event);
  return `${blocks.get(place)}` === `${event.begin.blocks}` && indices.get(place)!.some((index) => index !== -1);
}

export function assertIndices(event: CompactionEvent, { indices }: Said): void {
  const { blocks } = event.begin;
  const ours = blocks.map((_, order) => fragmentationIndex(blocks, order));
  assert.deepEqual(ours, indices.get(placeOf(event)), `${placeOf(event)}: ${blocks}`);
}
