// SPDX-License-Identifier: Apache-2.0
// Threads that publish their spans and stall in them. Each stall is a child of exactly the span that was active, or linked to
// it when it was not sampled, for every way of reaching a thread-local variable, with glibc and with musl.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { populatedZones } from '../../harness/host.ts';
import type { CompactionEvent, TraceContext } from '../../src/event/event.ts';
import { Agent, parseLines } from '../support/agent.ts';
import { assertNothingLost, termOf } from '../support/books.ts';
import { HIDDEN_PROCESSES } from '../support/deprived.ts';
import { contextOf, Stalls } from '../support/stalls.ts';

const STALLS = 17;
const ZONES = populatedZones().filter(({ node }) => node === 0).length;

/** Stalls once the process is known. @returns the stalls by thread */
async function stallsOf(name: string, args: readonly string[] = []) {
  const agent = await new Agent(['--output', 'json', '--verify', ...args], { books: true }).attached();
  const process = new Stalls(name);
  const own = () => agent.events().filter(({ pid }) => pid === process.pid);
  let before = 0;
  const context = !args.includes('off');
  do {
    await process.make(1);
    before += 1;
    await agent.until(() => own().length === before * 5 * ZONES);
  } while (context && !own().some((event) => event.context));
  await process.make(STALLS);
  const finished = await agent.stop();
  await process.end();
  const events = parseLines(finished.stdout).filter(({ pid }) => pid === process.pid);
  return { finished, before, threads: Map.groupBy(events, ({ tid }) => tid) };
}

/** Checks each thread's stalls after the first ones, before which the process may have been unknown. */
function assertSpans(
  threads: Map<number, CompactionEvent[]>,
  before: number,
  relation?: TraceContext['relation'],
): void {
  assert.equal(threads.size, 5);
  let publish = 0;
  for (const [tid, all] of threads) {
    const events = all.slice(before * ZONES);
    assert.equal(events.length, STALLS * ZONES);
    const publishes = events.some(({ context }) => context);
    if (publishes) publish += 1;
    for (const [i, { context, traceId, spanId }] of events.entries()) {
      if (!publishes) {
        assert.equal(context, undefined);
        continue;
      }
      const expected = contextOf(tid, before + Math.floor(i / ZONES) + 1);
      if (relation) expected.relation = relation;
      assert.deepEqual(context, expected);
      assert.equal(traceId === expected.traceId, expected.relation === 'child');
      assert.notEqual(spanId, expected.spanId);
    }
  }
  assert.equal(publish, 4, 'threads with spans');
}

describe('a stall within a span', () => {
  for (const libc of ['glibc', 'musl']) {
    for (const where of ['program', 'initial-exec', 'gd', 'descriptor']) {
      it(`is a child of exactly that span, or linked to it when it was not sampled: ${libc}, ${where}`, async () => {
        const { finished, before, threads } = await stallsOf(`${libc}/${where}`);
        const books = assertNothingLost(finished);
        assertSpans(threads, before);
        assert.ok(termOf(books, 'begins', 'with context') > 0);
        assert.ok(termOf(books, 'begins', 'without{no_span}') > 0);
        for (const term of ['publishing', 'without{no_symbol}']) assert.ok(termOf(books, 'probes', term) > 0, term);
      });
    }
  }

  it('--context link: is a root, linked to it', async () => {
    const { finished, before, threads } = await stallsOf('glibc/program', ['--context', 'link']);
    assertNothingLost(finished);
    assertSpans(threads, before, 'link');
  });

  it('--context child-always: is a child, sampled or not', async () => {
    const { finished, before, threads } = await stallsOf('glibc/program', ['--context', 'child-always']);
    assertNothingLost(finished);
    assertSpans(threads, before, 'child');
  });

  it('--context off: nothing is looked up', async () => {
    const { finished, threads } = await stallsOf('glibc/program', ['--context', 'off']);
    const { equations } = assertNothingLost(finished);
    assert.ok([...threads.values()].flat().every(({ context }) => context === undefined));
    assert.ok(equations.every(({ terms }) => !('with context' in terms)));
  });

  it('is a child from the first on, if its process is older than the agent, even where /proc hides it from others', async () => {
    // Nothing reports which of them have been probed. One that was not probed before its first stall is probed after it.
    const processes = Array.from({ length: 40 }, () => new Stalls('glibc/program'));
    const agent = await new Agent(['--output', 'json'], { under: HIDDEN_PROCESSES, books: true }).attached();
    const known = [];
    for (const one of processes) {
      await sleep(250);
      await one.make(1);
      const own = () => agent.events().filter(({ pid }) => pid === one.pid);
      await agent.until(() => own().length === 5 * ZONES);
      known.push(own().some(({ context }) => context));
      if (known.at(-1)) break;
    }
    assert.ok(known.includes(true));
    assertNothingLost(await agent.stop());
    await Promise.all(processes.map((one) => one.end()));
  });
});
