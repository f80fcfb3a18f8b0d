// SPDX-License-Identifier: Apache-2.0
// Direct and proactive compaction, caused by the workload of the emulated machines. Reserved huge pages leave this host as
// little memory as one of these. All settings are restored when the test process ends, however it ends.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { populatedZones, putBackAtEnd } from '../../harness/host.ts';
import { Fragment } from '../../harness/programs/fragment/fragment.ts';
import { makeHostSmall, meminfo, SMALL_HOST_SETTINGS } from '../../harness/small-host.ts';
import type { CompactionEvent } from '../../src/event/event.ts';
import { Agent, type Finished, parseLines } from '../support/agent.ts';

const PROACTIVENESS = '/proc/sys/vm/compaction_proactiveness';
const SETTINGS = [...SMALL_HOST_SETTINGS, PROACTIVENESS];
const WANTED_EVENTS = 101;
const PROACTIVE_DEADLINE_MS = 30_000;
const order = Math.log2(meminfo('Hugepagesize') / 4);

describe('direct and proactive compactions', () => {
  const had = SETTINGS.map((path) => readFileSync(path, 'utf8'));
  let finished: Finished;
  let all: CompactionEvent[];
  let events: CompactionEvent[];

  before(async () => {
    const putBackProactiveness = putBackAtEnd(PROACTIVENESS);
    const putBackSize = makeHostSmall();
    const putBack = () => Promise.all([putBackProactiveness(), putBackSize()]);
    try {
      const complete = ['--stack-budget', 'off', '--max-spans-per-second', 'off'];
      const agent = await new Agent(['--output', 'json', '--verify', ...complete]).attached();
      const faulting = new Fragment('-r', '0');
      const direct = (list: readonly CompactionEvent[]) =>
        list.filter(({ trigger, pid }) => trigger === 'direct' && pid === faulting.pid);
      await agent.until(() => direct(agent.events()).length >= WANTED_EVENTS);
      await faulting.stop();
      const fragment = new Fragment('-p', '60000');
      await fragment.fragmented;
      writeFileSync(PROACTIVENESS, '100');
      const deadline = Date.now() + PROACTIVE_DEADLINE_MS;
      while (!agent.events().some(({ trigger }) => trigger === 'proactive') && Date.now() < deadline) await sleep(50);
      await fragment.stop();
      await putBack();
      finished = await agent.stop();
      all = parseLines(finished.stdout);
      events = direct(all).filter((event) => event.order === order);
    } finally {
      await putBack();
    }
  });

  after(() => {
    assert.deepEqual(
      SETTINGS.map((path) => readFileSync(path, 'utf8')),
      had,
    );
  });

  it('are seen, balance, and scan as many pages as the kernel counted', () => {
    assert.equal(finished.code, 0, finished.stderr);
    assert.ok(events.length >= WANTED_EVENTS / 2, `${events.length} direct compactions for huge pages`);
    assert.doesNotMatch(finished.stderr, /NOT EQUAL|DOES NOT BALANCE/);
    // kcompactd may still work when the agent ends, which --verify takes into account.
    assert.equal(finished.stderr.match(/verify .*: equal; .*: equal$/gm)?.length, 2, finished.stderr);
  });

  it('proactive ones come from kcompactd, without an order and an attempt', () => {
    const proactive = all.filter(({ trigger }) => trigger === 'proactive');
    assert.ok(proactive.length > 0);
    for (const event of proactive) {
      assert.match(event.comm, /^kcompactd\d+$/);
      assert.deepEqual([event.order, event.mode, event.begin.index], [-1, 'sync_light', null]);
      assert.deepEqual([event.executable, event.priority, event.attempt], [undefined, undefined, undefined]);
      assert.ok(
        event.stack.some((frame) => frame.startsWith('kcompactd+0x')),
        event.stack.join('\n'),
      );
    }
  });

  it('direct ones have the order, the flags and the stack of that allocation', () => {
    const zones = new Set(populatedZones().map(({ node, name }) => `${node}/${name}`));
    for (const event of events) {
      assert.ok(zones.has(`${event.node}/${event.zone}`));
      assert.equal(event.comm, 'fragment');
      assert.ok(event.gfp.includes('GFP_TRANSHUGE') || event.gfp.includes('__GFP_COMP'), event.gfp.join('|'));
      assert.ok(
        event.stack.some((frame) => frame.startsWith('try_to_compact_pages+0x')),
        event.stack.join('\n'),
      );
      assert.ok(
        event.stack.some((frame) => /do_huge_pmd_anonymous_page|handle_mm_fault/.test(frame)),
        event.stack.join('\n'),
      );
    }
  });

  it('direct ones have the priority of their attempt, and its mode', () => {
    const modes: Record<string, string> = { async: 'async', sync_light: 'sync_light', sync_full: 'sync_light' };
    for (const { priority, mode } of events) assert.equal(mode, modes[priority!], `${priority} and ${mode}`);
    const attempts = Map.groupBy(events, ({ attempt }) => attempt!);
    assert.ok(!attempts.has(undefined as unknown as string));
    assert.ok(attempts.size > 1);
    // An attempt visits each zone at most once, and has one priority.
    for (const [attempt, spans] of attempts) {
      assert.equal(new Set(spans.map(({ node, zone }) => `${node}/${zone}`)).size, spans.length, attempt);
      assert.equal(new Set(spans.map(({ priority }) => priority)).size, 1, attempt);
    }
  });

  it('direct ones have a fragmentation index that shows why: no suitable block, fragmented memory', () => {
    for (const { begin, end, status } of events) {
      for (const { index, blocks } of [begin, end]) {
        const suitable = blocks.slice(order).some((free) => free > 0);
        if (suitable) assert.equal(index, -1);
        else assert.ok(index! > 0 && index! <= 1, `${index} of ${blocks}`);
      }
      assert.ok(['success', 'complete', 'partial_skipped', 'contended'].includes(status), status);
    }
  });
});
