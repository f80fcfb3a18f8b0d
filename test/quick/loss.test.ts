// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { COMPACT_NODE0, compact, populatedZones } from '../../harness/host.ts';
import { Agent, parseLines } from '../support/agent.ts';

const WRITES = 23;

describe('a ring of one page with a stopped reader', () => {
  it('loses events, counts them exactly, and reports it', async () => {
    const events = WRITES * populatedZones().filter(({ node }) => node === 0).length;
    const agent = await new Agent(['--ring-size', '4K', '--output', 'json', '--pid', String(process.pid)]).attached();
    agent.child.kill('SIGSTOP');
    compact(COMPACT_NODE0, WRITES);
    agent.child.kill('SIGCONT');
    const { code, stdout, stderr } = await agent.stop();

    const received = parseLines(stdout).length;
    const full = Number(/(\d+) dropped\{ring_full\}/.exec(stderr)?.[1]);
    assert.ok(received > 0 && full > 0, stderr);
    assert.equal(received + full, events, 'every event is either there or counted');
    assert.match(stderr, new RegExp(`${received} compactions, ${full} lost`));
    assert.match(stderr, new RegExp(`lost +${full}: the ring buffer was full`));
    assert.doesNotMatch(stderr, /DOES NOT BALANCE/);
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
