// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ClockReading, EpochClock } from '../../../src/kernel/clock.ts';

const OFFSET = 1_795_441_812_000_000_000n;

/** A clock whose next reading the test decides. */
function clock(first: { offset: bigint; uncertaintyNs: number }) {
  let reading = first;
  let monotonicNs = 1_000n;
  const read = (): ClockReading => {
    monotonicNs += 50_000_000n;
    return {
      monotonicNs,
      realtimeNs: monotonicNs + reading.offset,
      boottimeNs: monotonicNs,
      uncertaintyNs: reading.uncertaintyNs,
    };
  };
  const made = new EpochClock(read);
  return {
    /** The offset in use after another reading. */
    measured(offset: bigint, uncertaintyNs: number): bigint {
      reading = { offset, uncertaintyNs };
      made.measure();
      return made.toEpochNs(0n);
    },
    toEpochNs: (ns: bigint) => made.toEpochNs(ns),
  };
}

describe('monotonic time to epoch time', () => {
  it('is right from the first reading, to the nanosecond', () => {
    assert.equal(
      clock({ offset: OFFSET, uncertaintyNs: 40 }).toEpochNs(3_863_516_843_910n),
      OFFSET + 3_863_516_843_910n,
    );
  });

  it('keeps the offset while readings differ by less than their uncertainty', () => {
    const c = clock({ offset: OFFSET, uncertaintyNs: 40 });
    for (const noise of [1n, -1n, 39n, -80n, 80n]) assert.equal(c.measured(OFFSET + noise, 40), OFFSET);
    assert.equal(c.measured(OFFSET + 5_000n, 10_000), OFFSET, 'an interrupted reading says little');
  });

  it('many small deviations do not add up unnoticed', () => {
    const c = clock({ offset: OFFSET, uncertaintyNs: 40 });
    for (let i = 1n; i <= 1000n; i++) {
      const used = c.measured(OFFSET + i, 40);
      assert.ok(OFFSET + i - used <= 80n, `${i}: off by ${OFFSET + i - used} ns`);
    }
  });

  it('follows a step, forwards and back', () => {
    const c = clock({ offset: OFFSET, uncertaintyNs: 40 });
    assert.equal(c.measured(OFFSET + 3_600_000_000_000n, 40), OFFSET + 3_600_000_000_000n);
    assert.equal(c.measured(OFFSET, 40), OFFSET);
    assert.equal(c.measured(OFFSET - 81n, 40), OFFSET - 81n, 'the smallest that cannot be noise');
  });

  it('follows a step that an uncertain reading shows, then takes a better one', () => {
    const c = clock({ offset: OFFSET, uncertaintyNs: 40 });
    assert.equal(c.measured(OFFSET + 1_000_300n, 1000), OFFSET + 1_000_300n);
    assert.equal(c.measured(OFFSET + 1_000_000n, 40), OFFSET + 1_000_000n);
  });

  it('takes a more precise reading at once', () => {
    const c = clock({ offset: OFFSET + 900n, uncertaintyNs: 1000 });
    assert.equal(c.measured(OFFSET + 10n, 40), OFFSET + 10n);
    assert.equal(c.measured(OFFSET + 20n, 40), OFFSET + 10n, 'an equal one not');
  });

  it('takes an offset that happens to be 0', () => {
    assert.equal(clock({ offset: 0n, uncertaintyNs: 40 }).toEpochNs(5n), 5n);
    assert.equal(clock({ offset: OFFSET, uncertaintyNs: 40 }).measured(0n, 40), 0n);
  });
});
