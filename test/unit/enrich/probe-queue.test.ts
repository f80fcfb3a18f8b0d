// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ProbeQueue } from '../../../src/enrich/probe-queue.ts';

/** The seconds in which this process is probed. */
function timesOf(queue: ProbeQueue, pid: number, untilS: number): number[] {
  const times: number[] = [];
  for (let s = 0; s <= untilS; s++)
    for (let taken = queue.take(s * 1000); taken !== undefined; taken = queue.take(s * 1000))
      if (taken === pid) times.push(s);
  return times;
}

describe('probes', () => {
  it('are due after each delay, counted from the one before', () => {
    const queue = new ProbeQueue([1000, 2000, 4000]);
    assert.equal(queue.add(7, 0), 1000);
    assert.equal(queue.dueMs, 1000);
    assert.deepEqual(timesOf(queue, 7, 20), [1, 3, 7]);
    assert.equal(queue.dueMs, Number.POSITIVE_INFINITY);
  });

  it('start over with a new reason', () => {
    const queue = new ProbeQueue([1000, 2000]);
    queue.add(7, 0);
    assert.equal(queue.take(1000), 7);
    queue.add(7, 2000);
    assert.deepEqual(timesOf(queue, 7, 20), [3, 5]);
  });

  it('are for one process at a time, the longest waiting first', () => {
    const queue = new ProbeQueue([0]);
    for (const pid of [3, 1, 2]) queue.add(pid, 5);
    assert.deepEqual(
      [queue.take(4), queue.take(5), queue.take(5), queue.take(5), queue.take(5)],
      [undefined, 3, 1, 2, undefined],
    );
  });

  it('of the longest waiting process are dropped when too many wait, but not for one that already waits', () => {
    const queue = new ProbeQueue([0]);
    for (let pid = 1; pid <= 4096; pid++) queue.add(pid, 0);
    queue.add(4096, 0);
    assert.equal(queue.take(0), 1);
    queue.add(4097, 0);
    queue.add(4098, 0);
    assert.equal(queue.take(0), 3);
  });
});
