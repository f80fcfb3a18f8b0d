// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ProbeQueue } from '../../../src/enrich/probe-queue.ts';

/** When this process is looked at, in whole seconds. */
function timesOf(looks: ProbeQueue, pid: number, untilS: number): number[] {
  const times: number[] = [];
  for (let s = 0; s <= untilS; s++)
    for (let taken = looks.take(s * 1000); taken !== undefined; taken = looks.take(s * 1000))
      if (taken === pid) times.push(s);
  return times;
}

describe('looks', () => {
  it('are due after each delay, counted from the one before', () => {
    const looks = new ProbeQueue([1000, 2000, 4000]);
    assert.equal(looks.add(7, 0), 1000);
    assert.equal(looks.dueMs, 1000);
    assert.deepEqual(timesOf(looks, 7, 20), [1, 3, 7]);
    assert.equal(looks.dueMs, Number.POSITIVE_INFINITY);
  });

  it('begin anew when there is a reason again', () => {
    const looks = new ProbeQueue([1000, 2000]);
    looks.add(7, 0);
    assert.equal(looks.take(1000), 7);
    looks.add(7, 2000);
    assert.deepEqual(timesOf(looks, 7, 20), [3, 5]);
  });

  it('are for one process at a time, the one that waits longest first', () => {
    const looks = new ProbeQueue([0]);
    for (const pid of [3, 1, 2]) looks.add(pid, 5);
    assert.deepEqual(
      [looks.take(4), looks.take(5), looks.take(5), looks.take(5), looks.take(5)],
      [undefined, 3, 1, 2, undefined],
    );
  });

  it('of the one that waits longest are left out when too many wait, but not for one that waits already', () => {
    const looks = new ProbeQueue([0]);
    for (let pid = 1; pid <= 4096; pid++) looks.add(pid, 0);
    looks.add(4096, 0);
    assert.equal(looks.take(0), 1);
    looks.add(4097, 0);
    looks.add(4098, 0);
    assert.equal(looks.take(0), 3);
  });
});
