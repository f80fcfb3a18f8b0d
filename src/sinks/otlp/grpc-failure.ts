// SPDX-License-Identifier: Apache-2.0
import { excerpt } from '../../terminal.ts';
import { type Outcome, saysTooLarge } from './collector.ts';
import { retryDelayMs } from './retry-info.ts';
import { tlsReason, tlsWords } from './tls-words.ts';

const CODES = [
  'ok',
  'cancelled',
  'unknown',
  'invalid_argument',
  'deadline_exceeded',
  'not_found',
  'already_exists',
  'permission_denied',
  'resource_exhausted',
  'failed_precondition',
  'aborted',
  'out_of_range',
  'unimplemented',
  'internal',
  'unavailable',
  'data_loss',
  'unauthenticated',
] as const;

/**
 * Codes that the OTLP specification calls retryable. After deadline_exceeded, cancelled or a broken connection the
 * collector may already have the spans: sending them again can duplicate them, but with the same ids.
 *
 * The specification adds resource_exhausted only if the answer tells when to retry. A Collector without a queue passes on
 * what its backend says, "Throttle (3s)", without that; and waiting is what it asks for.
 */
const RETRYABLE: ReadonlySet<string> = new Set([
  'cancelled',
  'deadline_exceeded',
  'resource_exhausted',
  'aborted',
  'out_of_range',
  'unavailable',
  'data_loss',
]);

/** Codes with which receivers refuse a request for its size. */
const TOO_LARGE_CODES: ReadonlySet<string> = new Set(['resource_exhausted', 'out_of_range']);

/** Codes that grpc-js itself gives to a connection that breaks in the middle. */
const BROKEN: ReadonlySet<string> = new Set(['internal', 'unknown']);

interface GrpcError {
  code?: unknown;
  details?: unknown;
  message?: unknown;
  metadata?: { get(key: string): unknown[]; getMap(): object };
}

/**
 * The outcome of a call that failed.
 *
 * @param contentType of the answer's headers, if there were any
 */
export function grpcFailure(error: unknown, contentType?: string): Outcome {
  const { code, details, message: text, metadata } = error as GrpcError;
  const message = excerpt(plain(String(details || text || error)));
  // gRPC counts a code that it does not know as UNKNOWN. Otherwise each such code would add a reason to the books.
  const name = (typeof code === 'number' && CODES[code]) || 'unknown';
  const reason = `grpc_${name}`;
  const page = HTTP_STATUS.exec(message);
  const afterMs = retryDelayMs(metadata?.get('grpc-status-details-bin')[0]);
  // gRPC reads a web page as a message of a gigabyte.
  if (page === null && contentType !== undefined && !contentType.startsWith('application/grpc')) {
    const what = excerpt(contentType || 'no content-type', 80);
    return { kind: 'refused', reason: 'grpc_not_otlp', message: `${what}, which is not an answer of gRPC` };
  }
  if (TOO_LARGE_CODES.has(name) && saysTooLarge(message)) return { kind: 'refused', reason, message, tooLarge: true };
  const answered = page !== null || contentType !== undefined || Object.keys(metadata?.getMap() ?? {}).length > 0;
  if (!RETRYABLE.has(name) && (answered || !BROKEN.has(name))) {
    if (page === null) return { kind: 'refused', reason, message };
    return { kind: 'refused', reason: `http_${page[1]}`, message, tooLarge: page[1] === '413' };
  }
  const proven = answered ? undefined : provenReason(message);
  const retry = { kind: 'retry', reason: proven ?? reason, message, answered } as const;
  return afterMs === undefined ? retry : { ...retry, afterMs };
}

/** What grpc-js says of an answer that has a status of HTTP instead of one of gRPC. */
const HTTP_STATUS = /^Received HTTP status code (\d+)$/;

/** A reason that a failed connection proves. */
const provenReason = (message: string): string | undefined =>
  message === 'Protocol error' ? 'not_http2' : tlsReason(message);

/** Shortens "No connection established. Last error: Error: connect ECONNREFUSED 127.0.0.1:4317. Resolution note: " */
function plain(details: string): string {
  const short = details
    .replace(/^No connection established\. Last error: (Error: )?/, '')
    .replace(/\.? Resolution note: ?$/, '')
    .replace(/ \(\d{4}-\d\d-\d\dT[\d:.]+Z\)$/, '');
  return tlsWords(short);
}
