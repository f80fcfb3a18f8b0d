// SPDX-License-Identifier: Apache-2.0
import { type HistogramPoint, keyOf, type NumberPoint, type Reading } from './metric.ts';

/** What OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE can ask for: whether values count from the start of the run, or from the last export. */
export const TEMPORALITIES = ['cumulative', 'delta', 'lowmemory'] as const;
export type TemporalityPreference = (typeof TEMPORALITIES)[number];

/**
 * Whether a metric counts from the last export. A value that also shrinks never does. `lowmemory` means histograms only: all
 * other counters are read when an export asks for them, which the standard calls asynchronous.
 */
export function isDelta({ kind }: Reading['metric'], preference: TemporalityPreference): boolean {
  if (kind === 'histogram') return preference !== 'cumulative';
  return kind === 'counter' && preference === 'delta';
}

/** The values since the last export that arrived, where that is asked for. */
export class Deltas {
  readonly #preference: TemporalityPreference;
  /** By the name of the metric and the key of the point. */
  #before = new Map<string, NumberPoint | HistogramPoint>();

  constructor(preference: TemporalityPreference) {
    this.#preference = preference;
  }

  since(readings: readonly Reading[]): Reading[] {
    return readings.map((reading) => {
      if (!isDelta(reading.metric, this.#preference)) return reading;
      const { name } = reading.metric;
      const before = (point: NumberPoint | HistogramPoint) => this.#before.get(name + keyOf(point));
      if (reading.metric.kind === 'histogram') {
        const points = (reading.points as readonly HistogramPoint[]).map((point) =>
          histogramSince(point, before(point) as HistogramPoint | undefined),
        );
        return { metric: reading.metric, points };
      }
      const points = (reading.points as readonly NumberPoint[]).map((point) => ({
        ...point,
        value: point.value - ((before(point) as NumberPoint | undefined)?.value ?? 0),
      }));
      return { metric: reading.metric, points };
    });
  }

  /** Notes that these, not their differences, have arrived. */
  arrived(readings: readonly Reading[]): void {
    for (const { metric, points } of readings) {
      if (!isDelta(metric, this.#preference)) continue;
      for (const point of points) this.#before.set(metric.name + keyOf(point), point);
    }
  }
}

/** Buckets only grow, so the earlier ones are among the later ones. */
function histogramSince(now: HistogramPoint, before: HistogramPoint | undefined): HistogramPoint {
  if (before === undefined) return now;
  const { offset, bucketCounts } = before.histogram;
  const countBefore = (index: number) => bucketCounts[index - offset] ?? 0;
  return {
    ...now,
    count: now.count - before.count,
    sum: now.sum - before.sum,
    histogram: {
      ...now.histogram,
      zeroCount: now.histogram.zeroCount - before.histogram.zeroCount,
      bucketCounts: now.histogram.bucketCounts.map((count, i) => count - countBefore(now.histogram.offset + i)),
    },
  };
}
