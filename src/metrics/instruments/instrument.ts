// SPDX-License-Identifier: Apache-2.0
import type { NumberMetric, NumberPoint } from '../metric.ts';
import type { Snapshot } from '../snapshot.ts';

/** A metric with its way out of a snapshot. */
export interface NumberInstrument extends NumberMetric {
  read(snapshot: Snapshot): NumberPoint[];
}

export const NANOS = 1e9;
/** OpenTelemetry's label of what had no room for labels of its own. */
export const OVERFLOW = 'otel.metric.overflow';
