// SPDX-License-Identifier: Apache-2.0
import type { ApplicationSpan } from './application-span.ts';
import { type Ask, asking, LONGEST_SPAN_NS, objectOf } from './backend.ts';
import { spansIn } from './otlp-json.ts';

/** Jaeger answers a search with this many traces at most, so that an answer has a bounded size. */
const MAX_TRACES = 200;

/**
 * The spans in Jaeger that began in a time, each once, through its API v3, service by service. Where a search finds as many traces as it may, it
 * is repeated for each half of the time.
 *
 * @throws UserError where Jaeger does not answer as it should
 */
export async function* spansOfJaeger(url: string, from: bigint, to: bigint): AsyncGenerator<ApplicationSpan[]> {
  const ask = asking(url, (text) => text.includes('No traces found'));
  const services = await ask('api/v3/services', (answer) => objectOf(answer).services);
  for (const service of Array.isArray(services) ? services : []) {
    if (typeof service === 'string') yield* search(ask, service, from - LONGEST_SPAN_NS, to);
  }
}

async function* search(ask: Ask, service: string, from: bigint, to: bigint): AsyncGenerator<ApplicationSpan[]> {
  const query = new URLSearchParams({
    'query.service_name': service,
    'query.start_time_min': timeText(from),
    'query.start_time_max': timeText(to),
    'query.num_traces': String(MAX_TRACES),
    'query.raw_traces': 'true',
  });
  const spans = await ask(`api/v3/traces?${query}`, (answer) => {
    const { result } = objectOf(answer);
    return result === undefined ? [] : spansIn(result);
  });
  const traces = new Set(spans.map(({ traceId }) => traceId)).size;
  const middle = (from + to) / 2n;
  if (traces < MAX_TRACES || to - from < 1000n) {
    // The traces are whole: other services and other times have the rest of them.
    yield spans.filter((span) => span.service === service && span.from >= from && span.from < to);
    return;
  }
  yield* search(ask, service, from, middle);
  yield* search(ask, service, middle, to);
}

/** To the nanosecond, in the form of RFC 3339. */
function timeText(ns: bigint): string {
  const positive = ns < 0n ? 0n : ns;
  const seconds = new Date(Number(positive / 1_000_000_000n) * 1000).toISOString().slice(0, 19);
  return `${seconds}.${String(positive % 1_000_000_000n).padStart(9, '0')}Z`;
}
