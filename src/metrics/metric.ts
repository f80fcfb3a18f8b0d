// SPDX-License-Identifier: Apache-2.0
import type { ExponentialHistogram } from '../event/aggregates.ts';

export interface Labels {
  readonly [name: string]: string | number | boolean;
}

/** A compaction behind a value: where to find its span. */
export interface Exemplar {
  traceId: string;
  spanId: string;
  seconds: number;
  /** The end of the compaction. */
  timeUnixNano: bigint;
}

export interface NumberPoint {
  labels: Labels;
  value: number;
  /** Whether it counts from the start of this process, and not from when the programs were attached. */
  ofProcess?: boolean;
  /** Tells the points of a metric apart where a label can become known later; else the labels do. */
  id?: string;
}

export interface HistogramPoint {
  labels: Labels;
  count: number;
  /** Seconds. */
  sum: number;
  histogram: ExponentialHistogram;
  exemplars: readonly Exemplar[];
}

export interface Description {
  name: string;
  /** UCUM, with annotations such as `{page}`. */
  unit: string;
  meaning: string;
  /** The names of the labels. */
  labels: readonly string[];
  /** When there is none; without it, there always is. */
  absent?: string;
  /** Taken from OpenTelemetry's semantic conventions. */
  semconv?: true;
}

export interface NumberMetric extends Description {
  /** `counter`: only grows. `updown`: a count of what is there now, which may be added up. `gauge`: anything else. */
  kind: 'counter' | 'updown' | 'gauge';
  type: 'int' | 'double';
}

export interface HistogramMetric extends Description {
  kind: 'histogram';
}

/** A metric with its values at one time. */
export type Reading =
  | { metric: NumberMetric; points: readonly NumberPoint[] }
  | { metric: HistogramMetric; points: readonly HistogramPoint[] };

/** The same for a point in each export. */
export const keyOf = ({ labels, id }: { labels: Labels; id?: string }): string =>
  id ?? JSON.stringify(Object.entries(labels));
