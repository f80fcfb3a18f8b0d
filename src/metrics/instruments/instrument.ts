// SPDX-License-Identifier: Apache-2.0
import type { NumberMetric, NumberPoint } from '../metric.ts';
import type { Snapshot } from '../snapshot.ts';

/** A metric with its way out of a snapshot. */
export interface NumberInstrument extends NumberMetric {
  read(snapshot: Snapshot): NumberPoint[];
}

export const NANOS = 1e9;
/** OpenTelemetry's label for points that had no room for their own labels. */
export const OVERFLOW = 'otel.metric.overflow';
