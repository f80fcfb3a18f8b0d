// SPDX-License-Identifier: Apache-2.0
// The edges of spans, compared with an application's clock while that is changed: only here, as the machine ends with its
// tests. Places on one clock are compared, never durations, so an emulator's jitter does not matter.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { COMPACT_NODE0, populatedZones } from '../../../harness/host.ts';
import { Agent } from '../../support/agent.ts';
import { assertAround, NodeSpans } from '../../support/node-spans.ts';
import { Records } from '../../support/records.ts';
import { abs, assertConverted, assertWithin, type Clocks, Timed } from '../../support/timed.ts';
import { setUp } from './settings.ts';
import type { SoFar } from './watch.ts';

const STALLS = 7;
const HOUR_S = 3600;
const BILLION = 1_000_000_000n;
/** A tenth: in a second it adds up to two thousand times the allowed error of spans. Network time uses at most 500. */
const SLEW_PPM = 100_000;
/** The reader falls asleep 50 ms after its last record. */
const ASLEEP_MS = 200;
const TRIES = 300;

const zones = () => populatedZones().filter(({ node }) => node === 0).length;
const offset = ({ realtime, monotonic }: Clocks) => realtime - monotonic;

describe('spans by the clock of an application', () => {
  let program: Timed;
  let records: Records;
  let agent: Agent;
  let events: SoFar;
  let stalls = 0;
  let clocks: Clocks;

  before(async () => {
    setUp();
    program = new Timed();
    records = new Records(program.pid);
    agent = await new Agent(['--output', 'json', '--pid', String(program.pid)], { giveUpMs: 580_000 }).attached();
    events = () => agent.events();
  });
  after(() => records.close());

  /** Waits until both have read its records. */
  async function stall(how = () => program.stall(COMPACT_NODE0)) {
    const made = await how();
    stalls += 1;
    const recorded = await records.take(zones());
    await agent.until(() => events().length >= stalls * zones());
    clocks = made;
    return { made, recorded };
  }

  async function assertAgree(): Promise<void> {
    for (let i = 0; i < STALLS; i++) {
      const { made, recorded } = await stall();
      for (const event of recorded) {
        assertConverted(event, made);
        assertWithin(event, made);
      }
      for (const event of events().slice(-zones())) assertWithin(event, made);
    }
  }

  it('agree before any change of the clock', assertAgree);

  for (const seconds of [HOUR_S, -2 * HOUR_S, HOUR_S]) {
    it(`agree after a step of ${seconds} s while the agent sleeps`, async () => {
      const before = offset(clocks);
      await sleep(ASLEEP_MS);
      const stepped = await program.step(seconds);
      assert.ok(abs(offset(stepped) - before) > BILLION, 'it was not stepped');
      await assertAgree();
    });
  }

  it('agree while the clock is slewed, forwards and back', async () => {
    for (const ppm of [SLEW_PPM, -SLEW_PPM]) {
      const from = await program.slew(ppm);
      await sleep(1000);
      await assertAgree();
      const to = await program.slew(0);
      const slewed = to.monotonic - from.monotonic - (to.raw - from.raw);
      assert.ok(abs(slewed) > BILLION / 20n, `slewed by ${slewed} ns`);
      await assertAgree();
    }
  });

  it('a span across a step is placed by the time after it', async () => {
    for (let i = 0; ; i++) {
      assert.ok(i < TRIES, 'no step was in a compaction');
      // The clock never returns to an earlier offset.
      const seconds = i % 2 === 0 ? 2 * HOUR_S : -HOUR_S;
      const { made, recorded } = await stall(() => program.stallAndStep(COMPACT_NODE0, seconds, (i * 97) % 1500));
      const stepped = recorded.findIndex(
        ({ beginNs, durationNano }) => beginNs < made.stepBefore && made.stepAfter < beginNs + BigInt(durationNano),
      );
      if (stepped < 0) continue;
      const event = recorded[stepped]!;
      assertConverted(event, made);
      // The application read its clock before the step, and after it.
      const span = { start: made.start + BigInt(seconds) * BILLION, end: made.end };
      assertWithin(event, span);
      assertWithin(events().slice(-zones())[stepped]!, span);
      break;
    }
  });

  it('agree with the spans of a Node.js application that begin after a step', async () => {
    const node = new NodeSpans();
    const seen = new Records(node.pid);
    try {
      for (const seconds of [0, HOUR_S, -HOUR_S]) {
        if (seconds !== 0) await program.step(seconds);
        for (let i = 0; i < STALLS; i++) {
          const span = await node.stall(COMPACT_NODE0);
          for (const event of await seen.take(zones())) assertAround(event, span);
        }
      }
      await node.end();
    } finally {
      seen.close();
    }
  });

  it('nothing was lost', async () => {
    await program.end();
    const { code, stderr } = await agent.stop();
    assert.equal(code, 0, stderr);
  });
});
