// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { COMPACT_NODE0, compact, populatedZones } from '../../harness/host.ts';
import type { NotRecordedEvent } from '../../src/event/event.ts';
import { Agent, gapsIn, parseLines } from '../support/agent.ts';
import { termOf } from '../support/books.ts';

const WRITES = 23;
const NANOS_PER_MILLI = 1_000_000n;

const sum = (numbers: readonly number[]) => numbers.reduce((total, n) => total + n, 0);

function windowOf({ startUnixNano, durationNano }: NotRecordedEvent): [from: bigint, to: bigint] {
  const start = BigInt(startUnixNano);
  return [start, start + BigInt(durationNano)];
}

describe('a ring of one page with a stopped reader', () => {
  it('loses events, counts them exactly, and reports it', async () => {
    const events = WRITES * populatedZones().filter(({ node }) => node === 0).length;
    const args = ['--ring-size', '4K', '--output', 'json', '--pid', String(process.pid)];
    const agent = await new Agent(args, { books: true }).attached();
    agent.child.kill('SIGSTOP');
    // The clock here has whole milliseconds.
    const from = BigInt(Date.now() + 1) * NANOS_PER_MILLI;
    compact(COMPACT_NODE0, WRITES);
    const to = BigInt(Date.now()) * NANOS_PER_MILLI;
    agent.child.kill('SIGCONT');
    const { code, stdout, stderr, books } = await agent.stop();

    const received = parseLines(stdout).length;
    const full = termOf(books!, 'paired', 'dropped{ring_full}');
    assert.ok(received > 0 && full > 0, stderr);
    assert.equal(received + full, events, 'every event is either there or counted');
    assert.match(stderr, new RegExp(`${received} compactions, ${full} lost`));
    assert.match(stderr, new RegExp(`lost +${full}: the ring buffer was full`));
    assert.deepEqual(
      [books!.compactions, books!.lost, books!.balances],
      [received, { 'the ring buffer was full': full }, true],
    );
    assert.equal(code, 4);

    const gaps = gapsIn(stdout);
    assert.deepEqual(
      gaps.map(({ reason, count }) => [reason, count]),
      [['ring_full', full]],
    );
    assert.equal(termOf(books!, 'lost', 'reported{ring_full}'), full);
    const [start, end] = windowOf(gaps[0]!);
    assert.ok(start <= from && to <= end, `${start} <= ${from} to ${to} <= ${end}`);
  });

  it('reports a loss while it runs, in one window after the other', async () => {
    const args = ['--ring-size', '4K', '--output', 'json', '--pid', String(process.pid)];
    const agent = await new Agent(args, { books: true }).attached();
    const loseSome = () => {
      agent.child.kill('SIGSTOP');
      compact(COMPACT_NODE0, WRITES);
      agent.child.kill('SIGCONT');
    };
    loseSome();
    await agent.until(() => gapsIn(agent.stdout).length > 0);
    loseSome();
    await agent.until(() => gapsIn(agent.stdout).length > 1);
    const { stdout, books } = await agent.stop();
    const gaps = gapsIn(stdout);
    assert.equal(sum(gaps.map(({ count }) => count)), termOf(books!, 'paired', 'dropped{ring_full}'));
    assert.equal(books!.balances, true);
    const [first, second] = gaps.map(windowOf);
    assert.ok(first![0] < first![1] && first![0] < second![0] && first![1] < second![1]);
  });

  it('beside a table, says so in a sentence', async () => {
    const agent = await new Agent(['--ring-size', '4K', '--pid', String(process.pid)], { books: true }).attached();
    agent.child.kill('SIGSTOP');
    compact(COMPACT_NODE0, WRITES);
    agent.child.kill('SIGCONT');
    const { stderr, books } = await agent.stop();
    const full = termOf(books!, 'paired', 'dropped{ring_full}');
    assert.match(stderr, new RegExp(`${full} compactions? lost within [0-9.]+ m?s: the ring buffer was full\\.`));
  });

  it('with room for all, loses none', async () => {
    const events = WRITES * populatedZones().filter(({ node }) => node === 0).length;
    const agent = await new Agent(['--output', 'json', '--pid', String(process.pid)]).attached();
    agent.child.kill('SIGSTOP');
    compact(COMPACT_NODE0, WRITES);
    agent.child.kill('SIGCONT');
    const { code, stdout } = await agent.stop();
    assert.equal(parseLines(stdout).length, events);
    assert.equal(code, 0);
  });
});
