// SPDX-License-Identifier: Apache-2.0
// Everything that makes the kernel compact, done on purpose, and seen by all attach plans at the same time.
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { populatedZones } from '../../../harness/host.ts';
import type { CompactionEvent, Trigger } from '../../../src/event/event.ts';
import { assertSame } from './compare.ts';
import { assertIndices, comparable } from './extfrag.ts';
import { assertByHand } from './manual.ts';
import { HUGE_PAGE_ORDER, NODES, PLANS } from './settings.ts';
import { assertComplete, type Watched, watch } from './watch.ts';
import { DIRECT_WANTED, type Done, doAll } from './work.ts';

const MODES: Record<string, string> = { async: 'async', sync_light: 'sync_light', sync_full: 'sync_light' };

let done: Done;
let watched: Watched[];

// This is a test so that a failure shows its reason; all others need it.
it('everything that makes the kernel compact is done', async () => {
  watched = await watch(PLANS, async (soFar, ofEachAgent) => {
    done = await doAll(soFar, ofEachAgent);
  });
});

const names = ({ stack }: CompactionEvent) => stack.map((frame) => frame.replace(/\+.*/, ''));

function assertOfDaemon(event: CompactionEvent): void {
  assert.ok(NODES.includes(event.node));
  assert.equal(event.comm, `kcompactd${event.node}`);
  assert.equal(event.mode, 'sync_light');
  assert.deepEqual([event.executable, event.priority, event.attempt], [undefined, undefined, undefined]);
  assert.ok(names(event).includes('kcompactd'), event.stack.join('\n'));
}

for (const [i, plan] of PLANS.entries()) {
  describe(`compaction, seen by ${plan}`, () => {
    let events: CompactionEvent[];
    let direct: CompactionEvent[];
    const of = (wanted: Trigger) => events.filter(({ trigger }) => trigger === wanted);
    before(() => {
      events = watched[i]!.events;
      direct = events.filter(({ pid }) => pid === done.faulting);
    });

    it('is seen completely: as many pages scanned as the kernel counted, nothing lost', () => {
      assertComplete(watched[i]!);
    });

    it('manual: exact counts, in order, of each node', () => {
      assertByHand(events, done.said.length / NODES.length);
    });

    it('manual: the free blocks give the kernel’s index, for every order', () => {
      const own = events.filter(({ pid }) => pid === process.pid);
      const zones = populatedZones();
      const last = own.slice(-zones.length * (done.said.length / NODES.length));
      let compared = 0;
      done.said.forEach((said, j) => {
        const ofNode = zones.filter(({ node }) => node === NODES[j % NODES.length]).length;
        for (const event of last.splice(0, ofNode).filter((event) => comparable(event, said))) {
          assertIndices(event, said);
          compared += 1;
        }
      });
      assert.equal(last.length, 0);
      assert.ok(compared > 0, 'free blocks moved each time');
    });

    it('direct: distinguished from the others', () => {
      assert.ok(direct.length >= DIRECT_WANTED, `${direct.length} events`);
      for (const { trigger, order, mode, priority, comm, node } of direct) {
        assert.deepEqual([trigger, order, comm], ['direct', HUGE_PAGE_ORDER, 'fragment']);
        assert.ok(NODES.includes(node));
        assert.equal(mode, MODES[priority!], `${priority} and ${mode}`);
      }
      // Unknown for the last ones, if the process ended before the agent identified it.
      const executables = new Set(direct.slice(0, DIRECT_WANTED / 2).map(({ executable }) => executable));
      assert.deepEqual([...executables], ['fragment'], watched[i]!.finished.stderr);
    });

    it('direct: a stack from the page fault to the compaction', () => {
      for (const event of direct) {
        const stack = names(event);
        assert.ok(stack.includes('try_to_compact_pages') || stack.includes('compact_zone_order'), stack.join('\n'));
        const fault = stack.some((name) => /^_*do_huge_pmd_anonymous_page$|^_*handle_mm_fault$/.test(name));
        assert.ok(fault, stack.join('\n'));
      }
    });

    it('direct: attempts, each with one priority, and each zone once', () => {
      const attempts = Map.groupBy(direct, ({ attempt }) => attempt);
      assert.ok(!attempts.has(undefined));
      for (const [attempt, spans] of attempts) {
        assert.equal(new Set(spans.map(({ node, zone }) => `${node}/${zone}`)).size, spans.length, attempt);
        assert.equal(new Set(spans.map(({ priority }) => priority)).size, 1, attempt);
      }
    });

    it('kcompactd: for huge pages whose allocation did not wait', () => {
      assert.ok(of('kcompactd').length > 0);
      for (const event of of('kcompactd')) {
        assertOfDaemon(event);
        assert.ok(event.order > 0, `order ${event.order}`);
      }
    });

    it('proactive: kcompactd by itself', () => {
      assert.ok(of('proactive').length > 0);
      for (const event of of('proactive')) {
        assertOfDaemon(event);
        assert.deepEqual([event.order, event.begin.index], [-1, null]);
      }
    });

    if (i > 0) it(`is the same as seen by ${PLANS[0]}`, () => assertSame(watched[0]!.events, events));
  });
}
