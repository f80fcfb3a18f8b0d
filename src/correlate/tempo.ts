// SPDX-License-Identifier: Apache-2.0
import { type Message, message } from '../messages/message.ts';
import { excerpt } from '../terminal.ts';
import type { ApplicationSpan } from './application-span.ts';
import { type Ask, asking, LONGEST_SPAN_NS, objectOf, shown } from './backend.ts';
import { spansIn } from './otlp-json.ts';

/** Tempo answers a search with this many traces at most; it is asked again for each half of the time, and for a second with a higher limit. */
const MAX_TRACES = 1000;
/** Processes in one search. */
const MAX_PIDS = 50;
const SECOND_NS = 1_000_000_000n;
const ID = /^[\da-f]{1,32}$/i;

/** What is asked for: spans of these processes near a time, and traces with an active span. */
export interface Wanted {
  from: bigint;
  to: bigint;
  pids: Iterable<number>;
  traceIds: Iterable<string>;
}

/**
 * The spans in Tempo of the traces that a stall may have been in, each trace once: those that the stalls name, and those with a span of a stalled
 * process, which TraceQL finds by `process.pid`. By Tempo’s HTTP API, https://grafana.com/docs/tempo/latest/api_docs/: search, and query v2.
 *
 * @throws UserError where Tempo does not answer as it should
 */
export async function* spansOfTempo(
  url: string,
  { from, to, pids, traceIds }: Wanted,
  warn: (warning: Message) => void,
): AsyncGenerator<ApplicationSpan[]> {
  const ask = asking(url, () => true);
  const read = new Set<string>();
  const first = (from - LONGEST_SPAN_NS) / SECOND_NS;
  const last = to / SECOND_NS + 1n;
  const spansOf = async (id: string): Promise<ApplicationSpan[]> => {
    if (read.has(whole(id))) return [];
    read.add(whole(id));
    return ask(`api/v2/traces/${id}`, (answer) => {
      const { trace, status } = objectOf(answer);
      if (status === 'PARTIAL') warn(message('trace_cut', { source: shown(url), trace: whole(id) }));
      return trace === undefined || trace === null ? [] : spansIn(trace);
    });
  };
  for (const id of traceIds) yield await spansOf(id);
  for (const some of chunks([...pids], MAX_PIDS)) {
    const query = `{ ${some.map((pid) => `resource.process.pid = ${pid}`).join(' || ')} }`;
    for await (const id of search(ask, query, first < 0n ? 0n : first, last)) yield await spansOf(id);
  }
}

/** @param from in seconds @returns the ids of the traces, some more than once */
async function* search(ask: Ask, query: string, from: bigint, to: bigint, limit = MAX_TRACES): AsyncGenerator<string> {
  const words = new URLSearchParams({ q: query, start: `${from}`, end: `${to}`, limit: `${limit}`, spss: '1' });
  const ids = await ask(`api/search?${words}`, (answer) => {
    const { traces } = objectOf(answer);
    return (Array.isArray(traces) ? traces : []).map(idOf);
  });
  if (ids.length < limit) yield* ids;
  else if (to - from <= 1n) yield* search(ask, query, from, to, 4 * limit);
  else {
    const middle = (from + to) / 2n;
    yield* search(ask, query, from, middle);
    yield* search(ask, query, middle, to);
  }
}

/** Tempo leaves out zeros at the begin of an id. */
const whole = (id: string): string => id.toLowerCase().padStart(32, '0');

function idOf(trace: unknown): string {
  const { traceID } = objectOf(trace);
  if (typeof traceID === 'string' && ID.test(traceID)) return traceID;
  throw new Error(`traceID: expected hexadecimal digits, not ${excerpt(String(traceID))}`);
}

function* chunks<T>(list: readonly T[], size: number): Generator<readonly T[]> {
  for (let at = 0; at < list.length; at += size) yield list.slice(at, at + size);
}
