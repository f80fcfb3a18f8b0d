// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Exemplars } from '../../../src/metrics/exemplars.ts';
import { event } from '../sinks/otlp/events.ts';

const seconds = (exemplars: readonly { seconds: number }[]) => exemplars.map(({ seconds }) => seconds);

test('the three longest of each series, with the ids of their spans', () => {
  const exemplars = new Exemplars();
  const durations = [5e9, 1e9, 4e9, 2e9, 3e9];
  exemplars.add(durations.map((durationNano, n) => event(n, { durationNano })));
  exemplars.add([event(9, { durationNano: 7e9, order: 3 })]);
  const taken = exemplars.take();
  assert.deepEqual(seconds(taken(event())), [5, 4, 3]);
  assert.deepEqual(seconds(taken(event(0, { order: 3 }))), [7]);
  assert.deepEqual(taken(event(0, { order: 4 })), []);
  const { traceId, spanId, startUnixNano } = event(0);
  assert.deepEqual(taken(event())[0], {
    traceId,
    spanId,
    seconds: 5,
    timeUnixNano: BigInt(startUnixNano) + 5_000_000_000n,
  });
});

test('each export has those since the last one that arrived', () => {
  const exemplars = new Exemplars();
  exemplars.add([event(0, { durationNano: 5e9 })]);
  exemplars.take();
  assert.deepEqual(exemplars.take()(event()), []);
  exemplars.add([event(1, { durationNano: 2e9 })]);
  exemplars.take();
  exemplars.add([event(2, { durationNano: 1e9 }), event(3, { durationNano: 3e9 })]);
  exemplars.putBack();
  assert.deepEqual(seconds(exemplars.take()(event())), [3, 2, 1]);
});
