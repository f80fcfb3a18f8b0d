// SPDX-License-Identifier: Apache-2.0
// Direct and proactive compaction, made on purpose. Asking for more huge pages than there are free blocks of their size
// makes the kernel compact for each one that is missing; and as what is left then is fragmented, raising the
// proactiveness makes kcompactd compact it. Both settings are put back when the test
// process ends, however it ends.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CompactionEvent } from '../../src/event.ts';
import { Agent, type Finished, parseLines } from '../support/agent.ts';
import { populatedZones, putBackAtEnd } from '../support/host.ts';
import { Fragment } from '../vm/guest/fragment.ts';

const NR_HUGEPAGES = '/proc/sys/vm/nr_hugepages';
const PROACTIVENESS = '/proc/sys/vm/compaction_proactiveness';
const WANTED_EVENTS = 20;
const PROACTIVE_DEADLINE_MS = 30_000;
/** Huge pages asked for at a time, and what is left to everybody else. */
const STEP = 100;
const LEAVE_KB = 700 * 1024;

const isOwnDirect = ({ trigger, pid }: CompactionEvent) => trigger === 'direct' && pid === process.pid;
const meminfo = (name: string) =>
  Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(readFileSync('/proc/meminfo', 'utf8'))![1]);
const order = Math.log2(meminfo('Hugepagesize') / 4);

describe('direct and proactive compactions', () => {
  const had = readFileSync(NR_HUGEPAGES, 'utf8');
  const hadProactiveness = readFileSync(PROACTIVENESS, 'utf8');
  let finished: Finished;
  let all: CompactionEvent[];
  let events: CompactionEvent[];

  before(async () => {
    const agent = await new Agent(['--output', 'json', '--verify']).attached();
    const putBack = putBackAtEnd(NR_HUGEPAGES, PROACTIVENESS);
    const soFar = () => agent.events();
    try {
      let pages = Number(had) + Math.floor((meminfo('MemFree') - 2 * LEAVE_KB) / meminfo('Hugepagesize'));
      // What is left may be in large blocks, as the tests before compacted all memory: then none would be made of it.
      writeFileSync(NR_HUGEPAGES, String(pages));
      const fragment = new Fragment('-m', '50', '-f', '1', '-p', '60000');
      await fragment.fragmented;
      for (let seen = 0; seen < WANTED_EVENTS && meminfo('MemFree') > LEAVE_KB; pages += STEP) {
        writeFileSync(NR_HUGEPAGES, String(pages));
        await sleep(200);
        seen = soFar().filter(isOwnDirect).length;
      }
      writeFileSync(PROACTIVENESS, '100');
      const deadline = Date.now() + PROACTIVE_DEADLINE_MS;
      while (!soFar().some(({ trigger }) => trigger === 'proactive') && Date.now() < deadline) await sleep(50);
    } finally {
      await putBack();
    }
    finished = await agent.stop();
    all = parseLines(finished.stdout);
    events = all.filter(isOwnDirect);
  });

  after(() => {
    assert.equal(readFileSync(NR_HUGEPAGES, 'utf8'), had);
    assert.equal(readFileSync(PROACTIVENESS, 'utf8'), hadProactiveness);
  });

  it('are seen, balance, and scanned as many pages as the kernel counted', () => {
    assert.equal(finished.code, 0, finished.stderr);
    assert.ok(events.length >= WANTED_EVENTS, `${events.length} direct compactions`);
    assert.doesNotMatch(finished.stderr, /NOT EQUAL|DOES NOT BALANCE/);
    // kcompactd may still be at work when the agent ends, which --verify takes into account.
    assert.equal(finished.stderr.match(/verify .*: equal; .*: equal$/gm)?.length, 2, finished.stderr);
  });

  it('proactive ones are of kcompactd, for no order, without an attempt', () => {
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
      assert.equal(event.order, order);
      assert.ok(zones.has(`${event.node}/${event.zone}`));
      assert.ok(event.gfp.includes('__GFP_COMP') && event.gfp.includes('__GFP_RETRY_MAYFAIL'), event.gfp.join('|'));
      assert.ok(
        event.stack.some((frame) => frame.startsWith('try_to_compact_pages+0x')),
        event.stack.join('\n'),
      );
      assert.ok(
        event.stack.some((frame) => frame.includes('hugetlb')),
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

  it('direct ones have a fragmentation index that says why: no suitable block, memory fragmented', () => {
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
