// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { before, describe, it } from 'node:test';
import { Worker } from 'node:worker_threads';
import { COMPACT_MEMORY, COMPACT_NODE0, compact, populatedZones, vmstat } from '../../harness/host.ts';
import type { CompactionEvent } from '../../src/event/event.ts';
import { Agent, parseLines } from '../support/agent.ts';
import { assertNothingLost, termOf, totalOf } from '../support/books.ts';

/** A prime, so that a wrong factor of two or three cannot hide. */
const WRITES = 23;

/** For tests that look at each stack: a busy host may use up the budget. */
const ALL_STACKS = ['--stack-budget', 'off'];

const ZONES_OF_NODE0 = populatedZones().filter(({ node }) => node === 0).length;

const NUMBERS = ['compact_migrate_scanned', 'compact_free_scanned'] as const;

/** Runs the agent around some work. Returns only this process's stalls, as others may compact meanwhile. */
async function traced(args: readonly string[], work: () => void | Promise<void>) {
  const agent = await new Agent(['--output', 'json', '--verify', ...args], { books: true }).attached();
  const before = NUMBERS.map(vmstat);
  const started = process.hrtime.bigint();
  await work();
  const wallNs = Number(process.hrtime.bigint() - started);
  const scanned = NUMBERS.map((name, i) => vmstat(name) - before[i]!);
  const finished = await agent.stop();
  const all = parseLines(finished.stdout);
  return { finished, all, own: all.filter(({ pid }) => pid === process.pid), wallNs, scanned };
}

const sum = (events: readonly CompactionEvent[], value: (event: CompactionEvent) => number) =>
  events.reduce((total, event) => total + value(event), 0);

describe(`${WRITES} writes to ${COMPACT_MEMORY}`, () => {
  const zones = populatedZones();
  let run: Awaited<ReturnType<typeof traced>>;
  let wallStart: number;
  let wallEnd: number;

  before(async () => {
    run = await traced(ALL_STACKS, () => {
      wallStart = Date.now();
      compact(COMPACT_MEMORY, WRITES);
      wallEnd = Date.now();
    });
  });

  it('are one event per write and populated zone, in order', () => {
    const expected = Array.from({ length: WRITES }, () => zones.map(({ node, name }) => `${node}/${name}`)).flat();
    assert.deepEqual(
      run.own.map(({ node, zone }) => `${node}/${zone}`),
      expected,
    );
    const starts = run.own.map(({ startUnixNano }) => BigInt(startUnixNano));
    assert.ok(starts.every((start, i) => i === 0 || start > starts[i - 1]!));
  });

  it('have the cause, the process and the outcome', () => {
    const gone = new Set(['contended', 'complete', 'partial_skipped', 'success']);
    for (const event of run.own) {
      assert.equal(event.trigger, 'manual');
      assert.equal(event.mode, 'sync');
      assert.equal(event.order, -1);
      assert.equal(event.tid, process.pid, 'the main thread');
      assert.equal(event.comm, readFileSync('/proc/self/comm', 'utf8').trim());
      assert.equal(event.executable, basename(readlinkSync('/proc/self/exe')));
      assert.ok(gone.has(event.status), event.status);
      assert.deepEqual(event.gfp, ['GFP_KERNEL']);
      assert.equal(event.priority, undefined);
      assert.equal(event.attempt, undefined);
      assert.equal(event.begin.index, null);
    }
  });

  it('carry a stack through compact_node, without the tracing machinery', () => {
    for (const { stack } of run.own) {
      assert.match(stack[0]!, /^_*compact_zone\+0x[0-9a-f]+$/);
      assert.ok(
        stack.some((frame) => frame.startsWith('compact_node+0x')),
        stack.join('\n'),
      );
      assert.ok(
        stack.some((frame) => frame.startsWith('vfs_write+0x')),
        stack.join('\n'),
      );
    }
  });

  it('took less time than the writes, and happened during them', () => {
    const stalled = sum(run.own, ({ durationNano }) => durationNano);
    assert.ok(stalled > 0 && stalled < run.wallNs, `${stalled} of ${run.wallNs} ns`);
    for (const { startUnixNano, durationNano } of run.own) {
      const start = Number(BigInt(startUnixNano) / 1000n) / 1000;
      assert.ok(start >= wallStart - 1 && start + durationNano / 1e6 <= wallEnd + 1);
    }
  });

  it('scanned as many pages as the kernel counted, to the page', () => {
    assertNothingLost(run.finished);
    assert.deepEqual(
      [sum(run.all, ({ scanned }) => scanned.migrate), sum(run.all, ({ scanned }) => scanned.free)],
      run.scanned,
    );
  });

  it('balance: begins, ends, records and events', () => {
    const count = (name: string) => Number(new RegExp(`^ +${name} +(\\d+) =`, 'm').exec(run.finished.stderr)?.[1]);
    for (const name of ['begins', 'ends', 'paired', 'emitted', 'received', 'decoded']) {
      assert.equal(count(name), run.all.length, name);
    }
  });
});

describe('other options', () => {
  it('node0/compact: the same events, with another stack', async () => {
    const { finished, own } = await traced(ALL_STACKS, () => compact(COMPACT_NODE0, WRITES));
    assertNothingLost(finished);
    assert.equal(own.length, WRITES * ZONES_OF_NODE0);
    for (const { trigger, mode, order, stack } of own) {
      assert.deepEqual([trigger, mode, order], ['manual', 'sync', -1]);
      assert.ok(
        stack.some((frame) => frame.startsWith('compact_store+0x')),
        stack.join('\n'),
      );
      assert.ok(!stack.some((frame) => frame.startsWith('sysctl_')));
    }
  });

  it('a thread is distinguished from its process', async () => {
    const source = `
      const { readFileSync, readlinkSync, writeFileSync } = require('node:fs');
      const { parentPort } = require('node:worker_threads');
      writeFileSync('${COMPACT_NODE0}', '1');
      parentPort.postMessage({ tid: Number(readlinkSync('/proc/thread-self').split('/').at(-1)),
        comm: readFileSync('/proc/thread-self/comm', 'utf8').trim() });`;
    let thread: { tid: number; comm: string } | undefined;
    const { finished, own } = await traced([], async () => {
      const worker = new Worker(source, { eval: true });
      thread = await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
      await worker.terminate();
    });
    assertNothingLost(finished);
    assert.notEqual(thread!.tid, process.pid);
    assert.equal(own.length, ZONES_OF_NODE0);
    for (const { tid, comm } of own) assert.deepEqual({ tid, comm }, thread);
  });

  it('--pid of another process: none, and all are counted', async () => {
    const { finished, own, all } = await traced(['--pid', '1'], () => compact(COMPACT_NODE0, 5));
    assertNothingLost(finished);
    assert.equal(own.length, 0);
    assert.equal(all.length, 0);
    const filtered = Number(/(\d+) filtered\{pid\}/.exec(finished.stderr)?.[1]);
    assert.ok(filtered >= 5 * ZONES_OF_NODE0, finished.stderr);
  });

  it('--pid of this process: all', async () => {
    const { finished, own } = await traced(['-p', String(process.pid)], () => compact(COMPACT_NODE0, 5));
    assertNothingLost(finished);
    assert.equal(own.length, 5 * ZONES_OF_NODE0);
  });

  it('--min-duration leaves out the shorter ones, and counts them', async () => {
    const expected = WRITES * ZONES_OF_NODE0;
    for (const [least, ns] of [
      ['1ns', 1],
      ['500us', 500_000],
      ['1000s', 1e12],
    ] as const) {
      const { finished, own, all } = await traced(['--min-duration', least], () => compact(COMPACT_NODE0, WRITES));
      const books = assertNothingLost(finished);
      assert.ok(all.every(({ durationNano }) => durationNano >= ns));
      const filtered = termOf(books, 'paired', 'filtered{min_duration}');
      assert.equal(filtered + all.length, totalOf(books, 'paired'));
      assert.ok(filtered + all.length >= expected);
      // The length of one is unknown, except that it is more than nothing and less than a quarter of an hour.
      if (least === '1ns') assert.deepEqual([filtered, own.length], [0, expected]);
      if (least === '1000s') assert.equal(all.length, 0);
    }
  });

  it('--trigger leaves out the others, and counts them', async () => {
    const { finished, own } = await traced(['--trigger', 'direct,kcompactd'], () => compact(COMPACT_NODE0, 3));
    const books = assertNothingLost(finished);
    assert.equal(own.length, 0);
    assert.ok(termOf(books, 'paired', 'filtered{trigger}') >= 3 * ZONES_OF_NODE0);
  });

  it('--stack none takes no stack', async () => {
    const { finished, own } = await traced(['--stack', 'none'], () => compact(COMPACT_NODE0, 1));
    assertNothingLost(finished);
    assert.equal(own.length, ZONES_OF_NODE0);
    assert.ok(own.every(({ stack }) => stack.length === 0));
  });
});
