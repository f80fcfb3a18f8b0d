// SPDX-License-Identifier: Apache-2.0
import type { Attributes } from '@opentelemetry/api';

/** The standard's span limits, as far as they can touch a compaction's span. */
export interface SpanLimits {
  attributes: number;
  valueLength: number;
  events: number;
  attributesPerEvent: number;
}

export function readLimits(env: NodeJS.ProcessEnv, warn: (sentence: string) => void): SpanLimits {
  const limit = (otherwise: number, least: number, ...names: string[]) => {
    for (const name of names) {
      const text = env[name]?.trim();
      if (!text) continue;
      const value = Number(text);
      if (Number.isInteger(value) && value >= least) return value;
      warn(`${name}=${text} is no whole number from ${least} up and is ignored.`);
    }
    return otherwise;
  };
  return {
    attributes: limit(128, 0, 'OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT', 'OTEL_ATTRIBUTE_COUNT_LIMIT'),
    valueLength: limit(
      Number.POSITIVE_INFINITY,
      1,
      'OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT',
      'OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT',
    ),
    events: limit(128, 0, 'OTEL_SPAN_EVENT_COUNT_LIMIT'),
    // The second is the SDK's own older name.
    attributesPerEvent: limit(128, 0, 'OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT', 'OTEL_SPAN_ATTRIBUTE_PER_EVENT_COUNT_LIMIT'),
  };
}

/** Cuts attributes to the limits; returns them and how many were left out. The usual case costs nothing. */
export function limitAttributes(all: Attributes, count: number, valueLength: number): [Attributes, number] {
  const names = Object.keys(all);
  if (names.length <= count && valueLength === Number.POSITIVE_INFINITY) return [all, 0];
  const kept: Attributes = {};
  for (const name of names.slice(0, count)) {
    const value = all[name];
    kept[name] = typeof value === 'string' ? value.slice(0, valueLength) : value;
  }
  return [kept, Math.max(0, names.length - count)];
}
