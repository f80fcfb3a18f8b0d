// SPDX-License-Identifier: Apache-2.0
// Direct compaction, by faults of huge pages on fragmented memory, in every way to attach at once.
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CompactionEvent } from '../../../src/event.ts';
import { assertSame } from './compare.ts';
import { Fragment } from './fragment.ts';
import { NODES, PLANS, setUp } from './settings.ts';
import { assertComplete, type Watched, watch } from './watch.ts';

const WANTED = 100;
const HUGE_PAGE_ORDER = 9;

let watched: Watched[];
let pid: number;
const own = ({ events }: Watched) => events.filter((event) => event.pid === pid);
const names = ({ stack }: CompactionEvent) => stack.map((frame) => frame.replace(/\+.*/, ''));

before(async () => {
  setUp('madvise');
  watched = await watch(PLANS, async (soFar) => {
    // Round after round, for as long as it takes.
    const fragment = new Fragment('-r', '0');
    pid = fragment.pid;
    while (soFar().filter((event) => event.pid === pid).length < WANTED) await sleep(200);
    await fragment.stop();
  });
});

for (const [i, plan] of PLANS.entries()) {
  describe(`direct compaction, seen by ${plan}`, () => {
    let events: CompactionEvent[];
    before(() => {
      events = own(watched[i]!);
    });

    it('is seen, completely', () => {
      assert.ok(events.length >= WANTED, `${events.length} events`);
      assertComplete(watched[i]!);
    });

    it('is told from the others', () => {
      for (const { trigger, order, mode, priority, comm, executable, node } of events) {
        assert.deepEqual([trigger, order, comm, executable], ['direct', HUGE_PAGE_ORDER, 'fragment', 'fragment']);
        assert.ok(NODES.includes(node));
        const modes: Record<string, string> = { async: 'async', sync_light: 'sync_light', sync_full: 'sync_light' };
        assert.equal(mode, modes[priority!], `${priority} and ${mode}`);
      }
    });

    it('has a stack from the page fault to the compaction', () => {
      for (const event of events) {
        const stack = names(event);
        assert.ok(stack.includes('try_to_compact_pages') || stack.includes('compact_zone_order'), stack.join('\n'));
        assert.ok(
          stack.some((name) => /^_*do_huge_pmd_anonymous_page$|^_*handle_mm_fault$/.test(name)),
          stack.join('\n'),
        );
      }
    });

    it('has attempts, each with one priority, in which a zone comes once', () => {
      const attempts = Map.groupBy(events, ({ attempt }) => attempt);
      assert.ok(!attempts.has(undefined));
      for (const [attempt, spans] of attempts) {
        assert.equal(new Set(spans.map(({ node, zone }) => `${node}/${zone}`)).size, spans.length, attempt);
        assert.equal(new Set(spans.map(({ priority }) => priority)).size, 1, attempt);
      }
    });

    if (i > 0) it(`is the same as seen by ${PLANS[0]}`, () => assertSame(watched[0]!.events, watched[i]!.events));
  });
}
