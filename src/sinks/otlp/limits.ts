// SPDX-License-Identifier: Apache-2.0
import { firstSet, readInteger } from './environment.ts';

/** The standard's span limits that can affect a compaction's span. */
export interface SpanLimits {
  attributes: number;
  valueLength: number;
  events: number;
  attributesPerEvent: number;
}

/** Reads and checks them. Throws a usage error for a variable that cannot be used. */
export function readLimits(env: NodeJS.ProcessEnv): SpanLimits {
  const limit = (otherwise: number, least: number, ...names: string[]) =>
    readInteger(firstSet(env, ...names), least) ?? otherwise;
  return {
    attributes: limit(128, 0, 'OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT', 'OTEL_ATTRIBUTE_COUNT_LIMIT'),
    valueLength: limit(
      Number.POSITIVE_INFINITY,
      1,
      'OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT',
      'OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT',
    ),
    events: limit(128, 0, 'OTEL_SPAN_EVENT_COUNT_LIMIT'),
    // The second is the SDK's older name.
    attributesPerEvent: limit(128, 0, 'OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT', 'OTEL_SPAN_ATTRIBUTE_PER_EVENT_COUNT_LIMIT'),
  };
}
