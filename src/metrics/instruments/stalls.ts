// SPDX-License-Identifier: Apache-2.0
import type { StallTotals } from '../../event/aggregates.ts';
import type { NumberPoint } from '../metric.ts';
import type { Snapshot } from '../snapshot.ts';
import { NANOS, type NumberInstrument, OVERFLOW } from './instrument.ts';

const LABELS = ['compaction.cgroup.id', 'container.id', 'service.name', OVERFLOW] as const;

/** Direct compactions by the cgroup that waited for them. */
export const STALLS: readonly NumberInstrument[] = [
  {
    name: 'compaction.stall.time',
    kind: 'counter',
    type: 'double',
    unit: 's',
    labels: LABELS,
    meaning: 'Time that threads of a cgroup spent in direct compaction.',
    read: (snapshot) => points(snapshot, ({ sumNano }) => sumNano / NANOS),
  },
  {
    name: 'compaction.stall.count',
    kind: 'counter',
    type: 'int',
    unit: '{compaction}',
    labels: LABELS,
    meaning: 'Number of these compactions.',
    read: (snapshot) => points(snapshot, ({ count }) => count),
  },
];

function points(
  { aggregates: { directStalls, directStallsOverflow }, cgroups }: Snapshot,
  amountOf: (totals: StallTotals) => number,
): NumberPoint[] {
  return [
    ...directStalls.map((row) => {
      const { container, service } = cgroups.of(row.cgroupId);
      const labels = {
        'compaction.cgroup.id': row.cgroupId,
        ...(container !== undefined && { 'container.id': container }),
        ...(service !== undefined && { 'service.name': service }),
      };
      return { labels, id: row.cgroupId, value: amountOf(row) };
    }),
    ...(directStallsOverflow.count > 0
      ? [{ labels: { [OVERFLOW]: true }, value: amountOf(directStallsOverflow) }]
      : []),
  ];
}
