// SPDX-License-Identifier: Apache-2.0
// --max-spans-per-second, in a storm of manual compactions by several processes. What passes and what does not, by a clock of
// the test's own: test/built/rate-limit.test.ts.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { populatedZones } from '../../harness/host.ts';
import { isCompaction } from '../../src/event/event.ts';
import { parseEvent } from '../../src/event/parse.ts';
import { Agent } from '../support/agent.ts';
import { assertNothingLost, termOf, totalOf } from '../support/books.ts';
import { storm } from '../support/storm.ts';

const PROCESSES = 3;
const WRITES = 61;
const LIMIT = 5;
const BURST = 25 * LIMIT;
/** Two durations of one level of bpf/rate_limit.h differ by less than this. */
const LEVEL = 1.25;
const ZONES = populatedZones().filter(({ node }) => node === 0).length;

async function traced(...args: string[]) {
  const options = ['--output', 'json', '--verify', '--stack', 'none', ...args];
  const agent = await new Agent(options, { books: true }).attached();
  await storm(PROCESSES, WRITES);
  const finished = await agent.stop();
  const books = assertNothingLost(finished);
  const all = finished.stdout.trimEnd().split('\n').map(parseEvent);
  return {
    compactions: all.filter(isCompaction),
    notRecorded: all.filter((event) => !isCompaction(event)),
    paired: totalOf(books, 'paired'),
    books,
    stderr: finished.stderr,
  };
}

const most = (numbers: readonly number[]) => numbers.reduce((largest, n) => Math.max(largest, n), 0);

describe(`${PROCESSES} processes that compact ${WRITES} times each`, () => {
  it(`--max-spans-per-second ${LIMIT}: each compaction is recorded, or in a report`, async () => {
    const { compactions, notRecorded, paired, books, stderr } = await traced('--max-spans-per-second', `${LIMIT}`);
    assert.ok(paired >= PROCESSES * WRITES * ZONES, stderr);
    assert.ok(compactions.length >= BURST, `${compactions.length}`);
    const left = notRecorded.reduce((sum, { count }) => sum + count, 0);
    assert.ok(left > 0, stderr);
    assert.equal(compactions.length + left, paired);
    assert.equal(termOf(books, 'paired', 'filtered{rate}'), left);
    assert.equal(termOf(books, 'filtered', 'reported in events not_recorded'), left);
    assert.deepEqual([books.compactions, books.notRecorded], [compactions.length, left]);
    assert.match(stderr, new RegExp(`${compactions.length} compactions, 0 lost, ${left} not recorded`));

    for (const { count, sumNano = 0, longestNano = 0, durationNano, reason, limit } of notRecorded) {
      assert.deepEqual([reason, limit], ['rate', LIMIT]);
      assert.ok(count > 0 && longestNano > 0 && longestNano <= sumNano && sumNano <= count * longestNano);
      assert.ok(longestNano <= durationNano);
    }
    const longest = most(compactions.map(({ durationNano }) => durationNano));
    assert.ok(most(notRecorded.map(({ longestNano = 0 }) => longestNano)) < LEVEL * longest);
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
