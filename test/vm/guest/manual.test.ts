// SPDX-License-Identifier: Apache-2.0
// Compaction of all memory, by hand, in every way to attach: alone, and all at once.
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { CompactionEvent } from '../../../src/event.ts';
import { COMPACT_MEMORY, compact, populatedZones } from '../../support/host.ts';
import { assertSame } from './compare.ts';
import { NODES, PLANS, setUp } from './settings.ts';
import { assertComplete, type Watched, watch } from './watch.ts';

/** Primes, so that a factor of two or three too many or too few cannot hide. */
const WRITES = 5;
const WRITES_PER_NODE = 3;

const own = (events: readonly CompactionEvent[]) => events.filter(({ pid }) => pid === process.pid);
const places = (events: readonly CompactionEvent[]) => events.map(({ node, zone }) => `${node}/${zone}`);
const repeated = (times: number, list: readonly string[]) => Array.from({ length: times }, () => list).flat();
const zonesOf = (nodes: readonly number[]) =>
  populatedZones()
    .filter(({ node }) => nodes.includes(node))
    .map(({ node, name }) => `${node}/${name}`);

before(() => setUp());

function work(): void {
  compact(COMPACT_MEMORY, WRITES);
  for (const node of NODES) compact(`/sys/devices/system/node/node${node}/compact`, WRITES_PER_NODE);
}

function assertExact(watched: Watched): void {
  assertComplete(watched);
  const events = own(watched.events);
  assert.deepEqual(places(events), [
    ...repeated(WRITES, zonesOf(NODES)),
    ...NODES.flatMap((node) => repeated(WRITES_PER_NODE, zonesOf([node]))),
  ]);
  for (const { trigger, mode, order, begin, stack } of events) {
    assert.deepEqual([trigger, mode, order, begin.index], ['manual', 'sync', -1, null]);
    const names = stack.map((frame) => frame.replace(/\+.*/, ''));
    assert.ok(names.includes('vfs_write'), names.join('\n'));
  }
}

describe('manual compaction of two nodes', () => {
  it('has two nodes', () => assert.deepEqual(NODES, [0, 1]));

  for (const plan of PLANS) {
    it(`${plan}: exact counts, in order, as many pages as the kernel counted`, async () => {
      const [watched] = await watch([plan], work);
      assertExact(watched!);
      assert.match(watched!.finished.stderr, new RegExp(`attached \\(${plan}\\)`));
    });
  }

  it('all plans at once: each exact, and the same events', async () => {
    const watched = await watch(PLANS, work);
    for (const one of watched) assertExact(one);
    for (const other of watched.slice(1)) assertSame(own(watched[0]!.events), own(other.events));
  });
});
