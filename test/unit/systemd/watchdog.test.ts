// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { Watchdog } from '../../../src/systemd/watchdog.ts';

const INTERVAL_MS = 1000;

/** A watchdog whose rounds end as `rounds` says, one after the other. */
function watched(t: TestContext, rounds: (() => Promise<boolean>)[]) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const seen = { rounds: 0, beats: 0 };
  const works = () => rounds[seen.rounds++]!();
  const watchdog = new Watchdog(INTERVAL_MS, works, () => {
    seen.beats += 1;
  });
  t.after(() => watchdog.close());
  const pass = async () => {
    t.mock.timers.tick(INTERVAL_MS);
    await new Promise(setImmediate);
  };
  return { watchdog, seen, pass };
}

const well = async () => true;

describe('the watchdog', () => {
  it('beats after each round that comes back well, and not before', async (t) => {
    const round = Promise.withResolvers<boolean>();
    const { seen, pass } = watched(t, [well, () => round.promise, well]);
    assert.deepEqual(seen, { rounds: 0, beats: 0 });
    await pass();
    assert.deepEqual(seen, { rounds: 1, beats: 1 });
    await pass();
    assert.deepEqual(seen, { rounds: 2, beats: 1 });
    round.resolve(true);
    await new Promise(setImmediate);
    assert.deepEqual(seen, { rounds: 2, beats: 2 });
    await pass();
    assert.deepEqual(seen, { rounds: 3, beats: 3 });
  });

  it('does not beat again when a round does not come back', async (t) => {
    const { seen, pass } = watched(t, [well, () => new Promise(() => {}), well]);
    for (let i = 0; i < 5; i++) await pass();
    assert.deepEqual(seen, { rounds: 2, beats: 1 });
  });

  it('does not beat for a round that finds that something hangs, and tries again', async (t) => {
    const { seen, pass } = watched(t, [async () => false, well]);
    await pass();
    assert.deepEqual(seen, { rounds: 1, beats: 0 });
    await pass();
    assert.deepEqual(seen, { rounds: 2, beats: 1 });
  });

  it('is silent once it is closed, also in the middle of a round', async (t) => {
    const round = Promise.withResolvers<boolean>();
    const { watchdog, seen, pass } = watched(t, [() => round.promise, well]);
    await pass();
    watchdog.close();
    round.resolve(true);
    await pass();
    await pass();
    assert.deepEqual(seen, { rounds: 1, beats: 0 });
  });
});
