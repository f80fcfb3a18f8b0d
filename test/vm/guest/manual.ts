// SPDX-License-Identifier: Apache-2.0
/** Compaction by hand, with exactly known events. */
import assert from 'node:assert/strict';
import { COMPACT_MEMORY, compact, populatedZones } from '../../../harness/host.ts';
import type { CompactionEvent } from '../../../src/event/event.ts';
import { NODES } from './settings.ts';

/** Primes, so that a wrong factor of two or three cannot hide. */
const WRITES = 5;
const WRITES_PER_NODE = 3;

export const compactNode = (node: number) => compact(`/sys/devices/system/node/node${node}/compact`, 1);

/** Compacts all memory some times, then each node some times. */
export function compactByHand(): void {
  compact(COMPACT_MEMORY, WRITES);
  for (const node of NODES) for (let i = 0; i < WRITES_PER_NODE; i++) compactNode(node);
}

const zonesOf = (nodes: readonly number[]) => populatedZones().filter(({ node }) => nodes.includes(node));
const repeated = <T>(times: number, list: readonly T[]) => Array.from({ length: times }, () => list).flat();

/** Asserts the events of this process: those of compactByHand(), then so many rounds over the nodes, and no others. */
export function assertByHand(events: readonly CompactionEvent[], eachNode = 0): void {
  const own = events.filter(({ pid }) => pid === process.pid);
  const expected = [
    ...repeated(WRITES, zonesOf(NODES)),
    ...NODES.flatMap((node) => repeated(WRITES_PER_NODE, zonesOf([node]))),
    ...repeated(
      eachNode,
      NODES.flatMap((node) => zonesOf([node])),
    ),
  ];
  assert.deepEqual(
    own.map(({ node, zone }) => `${node}/${zone}`),
    expected.map(({ node, name }) => `${node}/${name}`),
  );
  for (const { trigger, mode, order, begin, priority, attempt, stack } of own) {
    assert.deepEqual([trigger, mode, order, begin.index], ['manual', 'sync', -1, null]);
    assert.deepEqual([priority, attempt], [undefined, undefined]);
    // The frames of the agent's own programs, which differ between the plans, are left out.
    assert.match(stack[0]!, /^_*compact_zone\+0x/);
    assert.ok(
      stack.some((frame) => frame.startsWith('vfs_write+0x')),
      stack.join('\n'),
    );
  }
}
