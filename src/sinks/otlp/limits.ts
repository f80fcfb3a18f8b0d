// SPDX-License-Identifier: Apache-2.0
/** The standard's span limits that can affect a compaction's span. */
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
      warn(`${name}=${text} is not a whole number from ${least} up and is ignored.`);
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
    // The second is the SDK's older name.
    attributesPerEvent: limit(128, 0, 'OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT', 'OTEL_SPAN_ATTRIBUTE_PER_EVENT_COUNT_LIMIT'),
  };
}
