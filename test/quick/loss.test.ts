// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { COMPACT_NODE0, compact, populatedZones } from '../../harness/host.ts';
import { Agent, parseLines } from '../support/agent.ts';
import { termOf } from '../support/books.ts';

const WRITES = 23;

describe('a ring of one page with a stopped reader', () => {
  it('loses events, counts them exactly, and reports it', async () => {
    const events = WRITES * populatedZones().filter(({ node }) => node === 0).length;
    const args = ['--ring-size', '4K', '--output', 'json', '--pid', String(process.pid)];
    const agent = await new Agent(args, { books: true }).attached();
    agent.child.kill('SIGSTOP');
    compact(COMPACT_NODE0, WRITES);
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
