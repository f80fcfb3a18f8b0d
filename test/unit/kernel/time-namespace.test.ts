// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { symlinkSync } from 'node:fs';
import { describe, it, type TestContext } from 'node:test';
import { EpochClock } from '../../../src/kernel/clock.ts';
import { clocksOutside, timeOffsets } from '../../../src/kernel/time-namespace.ts';
import { folderWith } from '../doctor/host-files.ts';
import { statLine } from '../prober/service/proc.ts';

const FIRST = 'time:[4026531834]';
const OTHER = 'time:[4026532282]';
/** The kernel's file, after `unshare --time --monotonic=100000 --boottime=-5`, with nanoseconds. */
const FILE = 'monotonic      100000         0\nboottime           -5 999999999\n';
const BOOTTIME = -4_000_000_001n;
const NONE = { monotonicNs: 0n, boottimeNs: 0n, startsNs: 0n };
/** By the kernel's clock: the process started after 700 s, and now it is a tenth of a second later. */
const START_S = 700;
const NOW = 700_100_000_000n;

interface Self {
  own?: string;
  ofChildren?: string;
  offsets?: string;
  started?: number;
}

function offsetsOf(t: TestContext, { own, ofChildren = own, offsets, started = START_S }: Self, boottime = BOOTTIME) {
  const stat = statLine(7, { comm: 'a) b', startedTicks: Math.floor(started * 100) });
  const at = folderWith(t, { 'ns/mnt': '', stat, ...(offsets !== undefined && { timens_offsets: offsets }) });
  if (own) symlinkSync(own, at('ns/time'));
  if (ofChildren) symlinkSync(ofChildren, at('ns/time_for_children'));
  return timeOffsets(() => ({ boottimeNs: NOW + boottime }), at());
}

describe('the offsets of a time namespace', () => {
  it('none in the first namespace, nor on a kernel without them', (t) => {
    assert.deepEqual(offsetsOf(t, { own: FIRST, offsets: FILE }), NONE);
    assert.deepEqual(offsetsOf(t, {}), NONE);
  });

  for (const [sign, offsets, boottimeNs, shown] of [
    ['behind', FILE, BOOTTIME, START_S - 4.01],
    ['ahead', 'monotonic 100000 0\nboottime 5 0\n', 5_000_000_000n, START_S + 5],
  ] as const) {
    it(`${sign}: those of the file; start times are shown with them`, (t) => {
      const found = offsetsOf(t, { own: OTHER, offsets, started: shown }, boottimeNs);
      assert.deepEqual(found, { monotonicNs: 100_000_000_000_000n, boottimeNs, startsNs: boottimeNs });
    });

    it(`${sign}, on Linux 5.10, whose start times are those of the kernel`, (t) => {
      assert.equal(offsetsOf(t, { own: OTHER, offsets }, boottimeNs).startsNs, 0n);
    });
  }

  it('after unshare without a fork the file is not about this process', (t) => {
    assert.throws(() => offsetsOf(t, { own: FIRST, ofChildren: OTHER, offsets: FILE }), /--fork/);
  });

  it('that cannot be read are not zero', (t) => {
    for (const offsets of [undefined, '', 'monotonic 1 0\n']) {
      assert.throws(() => offsetsOf(t, { own: OTHER, ...(offsets !== undefined && { offsets }) }), /does not show the/);
    }
  });

  it('do not change the times of records', () => {
    const kernel = { monotonicNs: 1_000n, realtimeNs: 5_000n, boottimeNs: 1_700n, uncertaintyNs: 1 };
    const [monotonicNs, boottimeNs] = [70_000n, -300n];
    const inside = {
      ...kernel,
      monotonicNs: kernel.monotonicNs + monotonicNs,
      boottimeNs: kernel.boottimeNs + boottimeNs,
    };
    for (const startsNs of [boottimeNs, 0n]) {
      const clock = new EpochClock(clocksOutside(() => inside, { monotonicNs, boottimeNs, startsNs }));
      assert.equal(clock.toEpochNs(1_000n), 5_000n);
      // As the starts of processes are shown.
      assert.equal(clock.toBoottimeNs(1_000n), 1_700n + startsNs);
    }
  });
});
