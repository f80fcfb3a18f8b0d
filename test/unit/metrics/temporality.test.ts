// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readAll } from '../../../src/metrics/instruments/all.ts';
import type { HistogramPoint, NumberPoint, Reading } from '../../../src/metrics/metric.ts';
import type { Snapshot } from '../../../src/metrics/snapshot.ts';
import { Deltas } from '../../../src/metrics/temporality.ts';
import { aggregates, DIRECT, snapshot } from './snapshot.ts';

const LATER = aggregates({
  compactions: [
    {
      ...DIRECT,
      count: 6,
      sumNano: 3_200_500,
      scanned: { migrate: 600, free: 2048 },
      durations: { ...DIRECT.durations, zeroCount: 2, offset: -83, bucketCounts: [1, 0, 1, 2] },
    },
  ],
});
const points = (readings: readonly Reading[], name: string) =>
  readings.find(({ metric }) => metric.name === name)!.points as readonly (NumberPoint & HistogramPoint)[];
const values = (readings: readonly Reading[], name: string) => points(readings, name).map(({ value }) => value);

test('a delta is what came since the last export that arrived', () => {
  const deltas = new Deltas('delta');
  const first = readAll(snapshot());
  assert.deepEqual(values(deltas.since(first), 'compaction.pages_scanned'), [512, 2048]);
  const second = readAll(snapshot({ aggregates: LATER }));
  // The first has not arrived.
  assert.deepEqual(values(deltas.since(second), 'compaction.pages_scanned'), [600, 2048]);
  deltas.arrived(first);
  const since = deltas.since(second);
  assert.deepEqual(values(since, 'compaction.pages_scanned'), [88, 0]);
  assert.deepEqual(values(since, 'compaction.ring.usage'), [4096]);
  const { count, sum, histogram } = points(since, 'compaction.duration')[0]!;
  assert.equal(count, 3);
  assert.ok(Math.abs(sum - 0.001) < 1e-12);
  assert.equal(histogram.zeroCount, 1);
  assert.equal(histogram.offset, -83);
  assert.deepEqual(histogram.bucketCounts, [1, 0, 0, 1]);
});

test('a label that becomes known does not make a delta begin again', () => {
  const deltas = new Deltas('delta');
  const first = readAll(snapshot());
  deltas.since(first);
  deltas.arrived(first);
  const named = snapshot({ cgroups: { of: () => ({ service: 'checkout' }) } });
  const since = deltas.since(readAll(named as Snapshot));
  assert.deepEqual(values(since, 'compaction.stall.count'), [0]);
  assert.equal(points(since, 'compaction.stall.count')[0]!.labels['service.name'], 'checkout');
});

test('cumulative values stay as they are; lowmemory concerns histograms only', () => {
  for (const [preference, expected] of [
    ['cumulative', 6],
    ['lowmemory', 3],
  ] as const) {
    const deltas = new Deltas(preference);
    deltas.arrived(readAll(snapshot()));
    const since = deltas.since(readAll(snapshot({ aggregates: LATER })));
    assert.equal(points(since, 'compaction.duration')[0]!.count, expected, preference);
    assert.deepEqual(values(since, 'compaction.pages_scanned'), [600, 2048], preference);
  }
});
