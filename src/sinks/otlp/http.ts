// SPDX-License-Identifier: Apache-2.0
import { convertLegacyHttpOptions, createOtlpHttpExportDelegate } from '@opentelemetry/otlp-exporter-base/node-http';
import { createCollector, METRICS } from './delegate.ts';
import type { Endpoint } from './endpoint.ts';
import { withEnvironment } from './environment.ts';
import type { Collector, Outcome } from './outcome.ts';

export function connect(endpoint: Endpoint, env: NodeJS.ProcessEnv, timeoutMs: number): Collector {
  const options = withEnvironment(env, () =>
    convertLegacyHttpOptions({}, 'TRACES', 'v1/traces', { 'Content-Type': 'application/x-protobuf' }),
  );
  options.timeoutMillis = Math.min(options.timeoutMillis, timeoutMs);
  return createCollector(
    endpoint.text,
    (serializer) => createOtlpHttpExportDelegate(options, serializer, 'otlp_http_span_exporter', METRICS, undefined),
    httpFailure,
  );
}

/** The transport's words for an answer that it does not read to its end; the status may have been 200. */
const TOO_LONG_ANSWER = /size limit/;

/**
 * The stock transport already tries 429, 502, 503, 504 and broken connections again, up to five times within the
 * request's timeout and as Retry-After says. What it then gives up comes here without a status, and is tried again as a
 * whole; a status means that it is none of these. An error without status is a connection's, TLS's or a timeout.
 */
export function httpFailure(error: unknown): Outcome {
  const { code, message, data } = error as { code?: unknown; message?: string; data?: string };
  if (typeof code === 'number') {
    return {
      kind: 'refused',
      reason: `http_${code}`,
      message: [`HTTP ${code} ${message}`, words(data)].join(' ').trim(),
    };
  }
  if (TOO_LONG_ANSWER.test(message ?? '')) return { kind: 'refused', reason: 'http_bad_answer', message: message! };
  if (code === undefined && message === 'Export failed with retryable status') {
    return { kind: 'retry', reason: 'http_busy', message: 'HTTP 429, 502, 503 or 504 again and again' };
  }
  return { kind: 'retry', reason: 'http_connection', message: message || String(code ?? error) };
}

/** A short printable answer; a protobuf Status or a page of HTML says nothing in a sentence. */
function words(data: string | undefined): string {
  return data && data.length <= 200 && /^[\x20-\x7e\s]+$/.test(data) && !data.includes('<') ? data.trim() : '';
}
