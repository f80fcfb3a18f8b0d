// SPDX-License-Identifier: Apache-2.0
import type { IncomingHttpHeaders } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { messages } from '../../protobuf/reader.ts';
import { excerpt } from '../../terminal.ts';
import { type Batch, delivered, type Outcome, saysTooLarge } from './collector.ts';
import { FULL_SUCCESS, type PartialSuccess, readJsonResponse, readResponse } from './response.ts';

/** An answer that was read to its end. */
export interface HttpAnswer {
  status: number;
  /** The words beside the status. */
  statusText: string;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** The most that is read of an answer. A partial success has one sentence. */
export const MAX_ANSWER_BYTES = 4 * 1024 * 1024;

/** Statuses after which OTLP/HTTP allows another try. */
const RETRYABLE: ReadonlySet<number> = new Set([429, 502, 503, 504]);
const PROTOBUF = /^application\/(x-)?protobuf$/;
const JSON_TYPE = 'application/json';
const PLAIN_WORDS = /^text\/plain$|^$/;

/**
 * The outcome of a request, from the answer. A status of success alone is not a delivery: a proxy, a captive portal or
 * another port's web page answers 200 as well.
 */
export function httpOutcome(batch: Batch, answer: HttpAnswer): Outcome {
  const { status, headers } = answer;
  const type = contentType(headers);
  const body = decoded(answer);
  if (status >= 200 && status < 300) return success(batch, status, type, body);
  const reason = `http_${status}`;
  const message = [`HTTP ${status}`, excerpt(answer.statusText), words(headers, type, body)].filter(Boolean).join(' ');
  if (RETRYABLE.has(status)) {
    const afterMs = retryAfterMs(headers['retry-after'], Date.now());
    return { kind: 'retry', reason, message, answered: true, ...(afterMs !== undefined && { afterMs }) };
  }
  // The Collector answers 400 to a body beyond its limit.
  const tooLarge = status === 413 || (status === 400 && saysTooLarge(message));
  return { kind: 'refused', reason, message, ...(tooLarge && { tooLarge }) };
}

function success(batch: Batch, status: number, type: string, body: Buffer | undefined): Outcome {
  const what = `HTTP ${status} with ${type || 'no Content-Type'}`;
  const response = body && readSuccess(type, body);
  if (response === undefined) {
    return { kind: 'refused', reason: 'http_not_otlp', message: `${what}, which is not an OTLP answer` };
  }
  const outcome = delivered(batch, response);
  // Some backends say no more than that, so it counts; so does a server that throws everything away.
  return type === '' ? { ...outcome, doubt: `${what} and no content` } : outcome;
}

function readSuccess(type: string, body: Buffer): PartialSuccess | undefined {
  // What was read of a longer answer may happen to be one.
  if (body.length > MAX_ANSWER_BYTES) return undefined;
  if (body.length === 0) return type === '' || PROTOBUF.test(type) || type === JSON_TYPE ? FULL_SUCCESS : undefined;
  if (PROTOBUF.test(type)) return readResponse(body);
  return type === JSON_TYPE ? readJsonResponse(body) : undefined;
}

function contentType(headers: IncomingHttpHeaders): string {
  return excerpt((headers['content-type'] ?? '').replace(/;.*/s, '').trim().toLowerCase(), 80);
}

/** The content, also where a proxy has compressed it unasked; undefined where it cannot be read. */
function decoded({ headers, body }: HttpAnswer): Buffer | undefined {
  const encoding = headers['content-encoding']?.trim().toLowerCase() || 'identity';
  if (encoding === 'identity' || body.length === 0) return body;
  try {
    return encoding === 'gzip' ? gunzipSync(body, { maxOutputLength: MAX_ANSWER_BYTES }) : undefined;
  } catch {
    return undefined;
  }
}

/** What the other side says of an error: a google.rpc.Status, plain words, or where it is now. A page of HTML says nothing. */
function words(headers: IncomingHttpHeaders, type: string, body: Buffer = Buffer.alloc(0)): string {
  if (headers.location) return `(moved to ${excerpt(headers.location)})`;
  if (PROTOBUF.test(type)) return statusMessage(body);
  if (type === JSON_TYPE || PLAIN_WORDS.test(type)) return excerpt(body.toString());
  return '';
}

/** google.rpc.Status { message = 2 } */
function statusMessage(body: Buffer): string {
  try {
    return excerpt(Buffer.from(messages(body, 2)[0] ?? []).toString());
  } catch {
    return '';
  }
}

/** The wait that a Retry-After asks for: seconds, or a date. */
export function retryAfterMs(value: string | undefined, nowMs: number): number | undefined {
  const text = value?.trim();
  if (!text) return undefined;
  // Nobody means a time with more digits.
  if (/^\d{1,15}$/.test(text)) return Number(text) * 1000;
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.max(0, date - nowMs);
}
