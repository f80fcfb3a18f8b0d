// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Health } from '../../../src/metrics/health.ts';

/** What each look finds: seconds, compactions in the ring so far, read so far. */
const looks = (...all: [seconds: number, emitted: number, received: number][]) => {
  const health = new Health();
  return all.map(([seconds, emitted, received]) => health.isStuck({ emitted, received }, seconds * 1000));
};

it('it is stuck when compactions wait for ten seconds and none is read', () => {
  assert.deepEqual(looks([0, 5, 3], [5, 6, 3], [10, 7, 3], [20, 7, 3]), [false, false, true, true]);
});

it('it is not while it reads, however much waits', () => {
  assert.deepEqual(looks([0, 50, 3], [10, 90, 4], [20, 150, 5], [30, 150, 6]), Array(4).fill(false));
});

it('a record that has just come after a long silence has not waited', () => {
  assert.deepEqual(looks([0, 3, 3], [1000, 4, 3], [1001, 4, 4], [5000, 5, 4]), Array(4).fill(false));
});

it('it recovers when it reads again', () => {
  assert.deepEqual(looks([0, 5, 3], [10, 5, 3], [11, 5, 5], [30, 6, 5]), [false, true, false, false]);
});
