// SPDX-License-Identifier: Apache-2.0
// What kcompactd does, in every way to attach at once: for allocations that did not compact themselves, and by itself.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CompactionEvent, Trigger } from '../../../src/event.ts';
import { assertSame } from './compare.ts';
import { Fragment } from './fragment.ts';
import { NODES, PLANS, PROACTIVENESS, setUp } from './settings.ts';
import { assertComplete, type Watched, watch } from './watch.ts';

function assertOfDaemon(watched: Watched, wanted: Trigger, check: (event: CompactionEvent) => void): void {
  assertComplete(watched);
  const events = watched.events.filter(({ trigger }) => trigger === wanted);
  assert.ok(events.length > 0);
  for (const event of events) {
    assert.ok(NODES.includes(event.node));
    assert.equal(event.comm, `kcompactd${event.node}`);
    assert.equal(event.mode, 'sync_light');
    assert.deepEqual([event.executable, event.priority, event.attempt], [undefined, undefined, undefined]);
    assert.ok(
      event.stack.some((frame) => frame.startsWith('kcompactd+0x')),
      event.stack.join('\n'),
    );
    check(event);
  }
}

function assertAll(watched: readonly Watched[], wanted: Trigger, check: (event: CompactionEvent) => void): void {
  for (const one of watched) assertOfDaemon(one, wanted, check);
  for (const other of watched.slice(1)) assertSame(watched[0]!.events, other.events);
}

describe(`kcompactd, seen by ${PLANS.join(', ')}`, () => {
  it('compacts for huge pages that did not wait (defrag=defer)', async () => {
    setUp('defer');
    const watched = await watch(PLANS, async (soFar) => {
      const fragment = new Fragment('-r', '0', '-p', '20');
      while (!soFar().some(({ trigger }) => trigger === 'kcompactd')) await sleep(200);
      await fragment.stop();
    });
    assertAll(watched, 'kcompactd', ({ order }) => assert.ok(order > 0, `order ${order}`));
  });

  it('compacts by itself (vm.compaction_proactiveness)', async () => {
    setUp();
    const watched = await watch(PLANS, async (soFar) => {
      // The pause lasts until it is told to end.
      const fragment = new Fragment('-p', '60000');
      await fragment.fragmented;
      writeFileSync(PROACTIVENESS, '100');
      while (!soFar().some(({ trigger }) => trigger === 'proactive')) await sleep(200);
      writeFileSync(PROACTIVENESS, '0');
      await fragment.stop();
    });
    assertAll(watched, 'proactive', ({ order, begin }) => assert.deepEqual([order, begin.index], [-1, null]));
  });
});
