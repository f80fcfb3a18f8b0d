// SPDX-License-Identifier: Apache-2.0
import type { CompactionTotals } from '../../event/aggregates.ts';
import type { ExemplarsOf, Series } from '../exemplars.ts';
import type { HistogramMetric, HistogramPoint, Labels } from '../metric.ts';
import type { Snapshot } from '../snapshot.ts';
import { NANOS, type NumberInstrument, OVERFLOW } from './instrument.ts';

const LABELS = [
  'compaction.trigger',
  'compaction.node',
  'compaction.zone',
  'compaction.order',
  'compaction.status',
] as const;

const labelsOf = ({ trigger, node, zone, order, status }: Series): Labels => ({
  'compaction.trigger': trigger,
  'compaction.node': node,
  'compaction.zone': zone,
  'compaction.order': order,
  'compaction.status': status,
});

interface Row {
  labels: Labels;
  totals: CompactionTotals;
  series?: Series;
}

/** The rows of the kernel's aggregates. */
function rows({ aggregates: { compactions, compactionsOverflow } }: Snapshot): Row[] {
  return [
    ...compactions.map((row) => ({ labels: labelsOf(row), totals: row, series: row })),
    ...(compactionsOverflow.count > 0 ? [{ labels: { [OVERFLOW]: true }, totals: compactionsOverflow }] : []),
  ];
}

/** How long compactions took. Its points carry exemplars, so it is made apart from the others. */
export const DURATION: HistogramMetric = {
  name: 'compaction.duration',
  kind: 'histogram',
  unit: 's',
  labels: [...LABELS, OVERFLOW],
  meaning:
    'Duration of every compaction, whatever the filters leave out of the spans: an exponential histogram of scale 3. Its exemplars ' +
    'are the spans of the longest compactions since the last export.',
};

export function durationPoints(snapshot: Snapshot, exemplarsOf: ExemplarsOf): HistogramPoint[] {
  return rows(snapshot).map(({ labels, totals, series }) => ({
    labels,
    count: totals.count,
    sum: totals.sumNano / NANOS,
    histogram: totals.durations,
    exemplars: series ? exemplarsOf(series) : [],
  }));
}

export const COMPACTIONS: readonly NumberInstrument[] = [
  {
    name: 'compaction.pages_scanned',
    kind: 'counter',
    type: 'int',
    unit: '{page}',
    labels: [...LABELS, OVERFLOW, 'compaction.scanner'],
    meaning: 'Pages that the `migrate` or the `free` scanner looked at.',
    read: (snapshot) =>
      rows(snapshot).flatMap(({ labels, totals: { scanned } }) =>
        (['migrate', 'free'] as const).map((scanner) => ({
          labels: { ...labels, 'compaction.scanner': scanner },
          value: scanned[scanner],
        })),
      ),
  },
];
