// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { COMPACT_NODE0, compact, populatedZones } from '../../harness/host.ts';
import { Agent, parseLines } from '../support/agent.ts';
import { mainSleeps, sleeps } from '../support/sleeps.ts';
import { endOf } from '../support/timed.ts';

const ZONES = populatedZones().filter(({ node }) => node === 0).length;

/** Half of the reader’s nap; it falls asleep again after a nap without a record. */
const NAP_NS = 25_000_000n;

describe('wake-ups', () => {
  it('one for many events of a storm', async () => {
    const writes = 101;
    const agent = await new Agent(['--output', 'json', '--pid', String(process.pid)]).attached();
    while (sleeps(agent.pid, 'bpf-ring') === 0) await sleep(10);
    const before = sleeps(agent.pid, 'bpf-ring');
    compact(COMPACT_NODE0, writes);
    const during = sleeps(agent.pid, 'bpf-ring') - before;
    const events = parseLines((await agent.stop()).stdout);
    assert.equal(events.length, writes * ZONES);
    const ends = events.map(endOf);
    const gaps = ends.filter((end, i) => i > 0 && end - ends[i - 1]! > NAP_NS).length;
    assert.ok(
      during >= 1 && during <= events.length / 10 + gaps,
      `${during} wake-ups, ${events.length} events, ${gaps} gaps`,
    );
  });

  it('one is enough for a single event', async () => {
    const agent = await new Agent(['--output', 'json', '--pid', String(process.pid)]).attached();
    for (let round = 1; round <= 5; round++) {
      compact(COMPACT_NODE0, 1);
      await agent.until(() => agent.events().length === round * ZONES);
      // Waits until the reader has found the ring empty once, and sleeps again.
      await sleep(200);
    }
    await agent.stop();
  });

  // Without contexts, as programs that start would wake it as well.
  it('none while nothing happens', async () => {
    const agent = await new Agent(['--output', 'none', '--trigger', 'proactive', '--context', 'off']).attached();
    await agent.until(() => agent.stderr.includes('no compaction so far'));
    const ring = sleeps(agent.pid, 'bpf-ring');
    const main = mainSleeps(agent.pid);
    await sleep(3000);
    assert.equal(sleeps(agent.pid, 'bpf-ring') - ring, 0);
    // Node's own housekeeping wakes its threads a few times; a reader that polled would do so 60 times.
    assert.ok(mainSleeps(agent.pid) - main < 20);
    await agent.stop();
  });
});
