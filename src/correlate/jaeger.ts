// SPDX-License-Identifier: Apache-2.0
import { EXIT, systemWords, UserError } from '../errors.ts';
import { message } from '../messages/message.ts';
import { excerpt } from '../terminal.ts';
import type { ApplicationSpan } from './application-span.ts';
import { spansIn } from './otlp-json.ts';

/** Jaeger answers a search with this many traces at most, so that an answer has a bounded size. */
const MAX_TRACES = 200;
const TIMEOUT_MS = 60_000;
/** Bytes of an answer. */
const MAX_ANSWER = 256 * 2 ** 20;
/** A search looks for traces that began in a range of time. Requests that began up to this long before the first stall may have been in it. */
const LONGEST_SPAN_NS = 600n * 1_000_000_000n;

/**
 * The spans in Jaeger that began in a time, each once, through its API v3, service by service. Where a search finds as many traces as it may, it
 * is repeated for each half of the time.
 *
 * @throws UserError where Jaeger does not answer as it should
 */
export async function* spansOfJaeger(url: string, from: bigint, to: bigint): AsyncGenerator<ApplicationSpan[]> {
  const ask = async (path: string) => {
    try {
      return await answerOf(new URL(path, url.endsWith('/') ? url : `${url}/`));
    } catch (error) {
      throw new UserError(EXIT.FAILURE, message('spans_unreadable', { source: shown(url), reason: words(error) }));
    }
  };
  const { services } = ((await ask('api/v3/services')) ?? {}) as { services?: unknown };
  for (const service of Array.isArray(services) ? services : []) {
    if (typeof service === 'string') yield* search(ask, service, from - LONGEST_SPAN_NS, to);
  }
}

type Ask = (path: string) => Promise<unknown>;

async function* search(ask: Ask, service: string, from: bigint, to: bigint): AsyncGenerator<ApplicationSpan[]> {
  const query = new URLSearchParams({
    'query.service_name': service,
    'query.start_time_min': timeText(from),
    'query.start_time_max': timeText(to),
    'query.num_traces': String(MAX_TRACES),
    'query.raw_traces': 'true',
  });
  const { result } = ((await ask(`api/v3/traces?${query}`)) ?? {}) as { result?: unknown };
  if (result === undefined) return;
  const spans = spansIn(result);
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

/** @returns undefined when nothing was found. Throws an error that says why there is no answer. */
async function answerOf(url: URL): Promise<unknown> {
  const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS), redirect: 'error' });
  const text = await textOf(response);
  if (response.status === 404 && text.includes('No traces found')) return undefined;
  if (!response.ok) throw new Error(`it answers ${response.status}: ${excerpt(text)}`);
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`its answer is not JSON: ${excerpt(text)}`);
  }
}

async function textOf(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER) throw new Error(`its answer is larger than ${MAX_ANSWER} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

/** To the nanosecond, in the form of RFC 3339. */
function timeText(ns: bigint): string {
  const positive = ns < 0n ? 0n : ns;
  const seconds = new Date(Number(positive / 1_000_000_000n) * 1000).toISOString().slice(0, 19);
  return `${seconds}.${String(positive % 1_000_000_000n).padStart(9, '0')}Z`;
}

/** Without user name, password, path and query. */
const shown = (url: string): string => new URL(url).origin;

/** The reason of a failed fetch is below its error. */
const words = (error: unknown): string => excerpt(systemWords((error as Error).cause ?? error));
