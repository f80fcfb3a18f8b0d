// SPDX-License-Identifier: Apache-2.0
// An outage at a steady rate of spans. The long form takes ten minutes: `npm run outage`.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { freePorts, waitUntil } from '../../harness/child.ts';
import { startCollector } from '../../harness/receivers/receivers.ts';
import { assertNothingLost } from '../support/books.ts';
import { Arrivals, outage, useOf } from '../support/outage.ts';

const SECONDS = Number(process.env.COMPACTSTALL_OUTAGE_SECONDS ?? 12);
const PER_SECOND = 1000;
const DEADLINE_MS = 600_000;

const folder = mkdtempSync(join(tmpdir(), 'compactstall-'));
after(() => rmSync(folder, { recursive: true }));

it(`an outage of ${SECONDS} s at ${PER_SECOND} spans a second, in which the agent is killed twice: the same set of spans`, async (t) => {
  const [grpcPort] = await freePorts(1);
  const endpoint = `http://127.0.0.1:${grpcPort}`;
  const count = SECONDS * PER_SECOND;
  const { last, givenAgain, uses } = await outage(folder, endpoint, {
    seconds: SECONDS,
    perSecond: PER_SECOND,
    kills: 2,
  });

  const spansFile = join(folder, 'spans.jsonl');
  const collector = await startCollector({ spansFile, grpcPort: grpcPort! });
  const begin = performance.now();
  const arrivals = new Arrivals(spansFile);
  await waitUntil(
    () => arrivals.read().times.size === count || undefined,
    DEADLINE_MS,
    () => `${arrivals.times.size} of ${count} spans have arrived`,
  );
  const drainSeconds = (performance.now() - begin) / 1000;
  uses.push(useOf(last.agent.pid));
  assertNothingLost(await last.end());
  await collector.stop();

  arrivals.read();
  const numbers = [...arrivals.times.keys()].sort((a, b) => a - b);
  assert.deepEqual([numbers.length, numbers[0], numbers.at(-1)], [count, 0, count - 1]);
  const repeated = arrivals.spans - count;
  assert.equal(repeated, 0, 'no answer was lost');
  t.diagnostic(`${count} spans issued, ${numbers.length} delivered, ${repeated} of them twice`);
  t.diagnostic(`${givenAgain} events were in a killed agent, not stored, and were given to the next one`);
  t.diagnostic(`the backlog was delivered ${drainSeconds.toFixed(1)} s after the collector's start`);
  for (const { mostMiB, cpuSeconds } of uses) {
    t.diagnostic(`an agent: ${mostMiB.toFixed(0)} MiB at most, ${cpuSeconds.toFixed(1)} s of CPU`);
  }
});
