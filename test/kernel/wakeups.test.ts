// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { endsWithTests } from '../../harness/ends-with-tests.ts';
import { COMPACT_NODE0, compact, populatedZones } from '../../harness/host.ts';
import { childrenOf } from '../../harness/processes.ts';
import { Agent, parseLines } from '../support/agent.ts';
import { PID_NAMESPACE } from '../support/deprived.ts';
import { Life, PUBLISHES, roots } from '../support/life.ts';
import { childOf } from '../support/namespaces.ts';
import { mainSleeps, sleeps } from '../support/sleeps.ts';
import { endOf } from '../support/timed.ts';

const ZONES = populatedZones().filter(({ node }) => node === 0).length;

/** Half of the reader’s nap; it falls asleep again after a nap without a record. */
const NAP_NS = 25_000_000n;

const STARTS = fileURLToPath(new URL('../../harness/programs/starts/build/starts', import.meta.url));
const PER_SECOND = 50;
const SECONDS = 10;

const startsFor = (seconds: number) => [String(PER_SECOND), String(PER_SECOND * seconds), '/bin/true'];

/** Starts a program again and again for some seconds. @returns how many began or ended 100 ms late, on a busy host */
async function starts(seconds: number, under: readonly string[] = []): Promise<number> {
  const [file, ...words] = [...under, STARTS, ...startsFor(seconds)];
  const { stdout } = await promisify(execFile)(file!, words);
  return Number(/ (\d+) late/.exec(stdout)![1]);
}

/** The number of reads that a process has made; a prober reads its questions. */
const reads = (pid: number) => Number(/^syscr: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, 'latin1'))![1]);

/** One compaction, and the sleep of the reader that follows once it has found the ring empty. */
async function compactOnce(agent: Agent): Promise<void> {
  const before = agent.events().length;
  compact(COMPACT_NODE0, 1);
  await agent.until(() => agent.events().length === before + ZONES);
  await sleep(200);
}

describe('wake-ups', () => {
  // Without contexts, as a program that starts would wake it as well, and a woken reader naps.
  it('one for many events of a storm', async () => {
    const writes = 101;
    const options = ['--output', 'json', '--context', 'off', '--pid', String(process.pid)];
    const agent = await new Agent(options).attached();
    // An agent that has just attached is not asleep yet.
    await compactOnce(agent);
    const before = sleeps(agent.pid, 'bpf-ring');
    compact(COMPACT_NODE0, writes);
    const during = sleeps(agent.pid, 'bpf-ring') - before;
    const events = parseLines((await agent.stop()).stdout).slice(ZONES);
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
    for (let round = 1; round <= 5; round++) await compactOnce(agent);
    await agent.stop();
  });

  // Without contexts, for the same reason.
  it('none as long as nothing happens', async () => {
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

  it('one a second, and none of the prober, while programs start and end at once', async () => {
    // The agent sees only the processes of its PID namespace; what starts them is outside.
    const agent = await new Agent(['--output', 'json', '--trigger', 'proactive'], { under: PID_NAMESPACE }).attached();
    const inside = await childOf(agent.pid);
    const [prober] = childrenOf(inside).flatMap(childrenOf);
    await agent.until(() => agent.stderr.includes('no compaction so far'));
    const notices = () => sleeps(inside, 'bpf-ring');
    const ended = starts(3 * SECONDS, ['nsenter', `--target=${inside}`, '--pid', '--no-fork', '--']);
    // The first ones are reported.
    let first: number;
    do {
      first = notices();
      await sleep(2000);
    } while (notices() > first || first === 0);
    const before = { main: mainSleeps(inside), reads: reads(prober!) };
    await sleep(SECONDS * 1000);
    const woken = mainSleeps(inside) - before.main;
    const asked = reads(prober!) - before.reads;
    const later = notices() - first;
    const late = await ended;
    // A thread sleeps for a lock or a page as well, once in a while.
    assert.ok(later <= late + 1, `${later} reports, ${late} programs were late`);
    if (late === 0) assert.equal(asked, 0);
    // Node's own housekeeping adds some, see above, and so does a program that lives on.
    assert.ok(woken <= SECONDS + 20 + 10 * late, `woken ${woken} times, ${late} programs were late`);
    process.kill(inside, 'SIGTERM');
    await agent.finished;
  });

  it('a program that lives on is found while others start, before it stalls', async () => {
    const agent = await new Agent(['--output', 'json']).attached();
    const starter = endsWithTests(spawn(STARTS, startsFor(3600), { stdio: 'ignore' }));
    await sleep(2000);
    // It is found some time after its start, which nothing tells.
    for (let wait = 1000; ; wait *= 2) {
      const life = new Life(agent, PUBLISHES);
      await sleep(wait);
      const found = roots(await life.stalls(1)) === 0;
      await life.end();
      if (found) break;
      assert.ok(wait < 8000, 'it is not found');
    }
    starter.kill();
    await agent.stop();
  });
});
