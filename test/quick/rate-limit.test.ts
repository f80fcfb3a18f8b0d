// SPDX-License-Identifier: Apache-2.0
// --max-spans-per-second, in a storm of manual compactions by several processes. What passes and what does not, by a clock of
// the test's own: test/built/rate-limit.test.ts.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { populatedZones } from '../../harness/host.ts';
import { isCompaction } from '../../src/event/event.ts';
import { parseEvent } from '../../src/event/parse.ts';
import { Agent } from '../support/agent.ts';
import { storm } from '../support/storm.ts';

const PROCESSES = 3;
const WRITES = 61;
const LIMIT = 5;
const BURST = 25 * LIMIT;
/** Two durations of one level of bpf/rate_limit.h differ by less than this. */
const LEVEL = 1.25;
const ZONES = populatedZones().filter(({ node }) => node === 0).length;

async function traced(...args: string[]) {
  const agent = await new Agent(['--output', 'json', '--verify', '--stack', 'none', ...args]).attached();
  await storm(PROCESSES, WRITES);
  const { code, stdout, stderr } = await agent.stop();
  assert.equal(code, 0, stderr);
  assert.doesNotMatch(stderr, /DOES NOT BALANCE|NOT EQUAL/);
  const all = stdout.trimEnd().split('\n').map(parseEvent);
  const term = (name: string) => Number(new RegExp(`(\\d+) ${name}`).exec(stderr)?.[1] ?? 0);
  return {
    compactions: all.filter(isCompaction),
    notRecorded: all.filter((event) => !isCompaction(event)),
    paired: Number(/^ +paired +(\d+) =/m.exec(stderr)?.[1]),
    term,
    stderr,
  };
}

const most = (numbers: readonly number[]) => numbers.reduce((largest, n) => Math.max(largest, n), 0);

describe(`${PROCESSES} processes that compact ${WRITES} times each`, () => {
  it(`--max-spans-per-second ${LIMIT}: each compaction is recorded, or in a report`, async () => {
    const { compactions, notRecorded, paired, term, stderr } = await traced('--max-spans-per-second', `${LIMIT}`);
    assert.ok(paired >= PROCESSES * WRITES * ZONES, stderr);
    assert.ok(compactions.length >= BURST, `${compactions.length}`);
    const left = notRecorded.reduce((sum, { count }) => sum + count, 0);
    assert.ok(left > 0, stderr);
    assert.equal(compactions.length + left, paired);
    assert.equal(term('filtered\\{rate\\}'), left);
    assert.equal(term('reported in events not_recorded'), left);
    assert.match(stderr, new RegExp(`${compactions.length} compactions, 0 lost, ${left} not recorded`));

    for (const { count, sumNano, longestNano, durationNano, reason, limit } of notRecorded) {
      assert.deepEqual([reason, limit], ['rate', LIMIT]);
      assert.ok(count > 0 && longestNano > 0 && longestNano <= sumNano && sumNano <= count * longestNano);
      assert.ok(longestNano <= durationNano);
    }
    const longest = most(compactions.map(({ durationNano }) => durationNano));
    assert.ok(most(notRecorded.map(({ longestNano }) => longestNano)) < LEVEL * longest);
  });

  it('--max-spans-per-second off: all are recorded', async () => {
    const { compactions, notRecorded, paired } = await traced('--max-spans-per-second', 'off');
    assert.equal(compactions.length, paired);
    assert.deepEqual(notRecorded, []);
  });

  it('by default: fewer than a burst are all recorded', async () => {
    const { compactions, notRecorded, paired } = await traced();
    assert.equal(compactions.length, paired);
    assert.deepEqual(notRecorded, []);
  });
});
