// SPDX-License-Identifier: Apache-2.0
import { createSecureContext } from 'node:tls';
import { convertLegacyHttpOptions, createOtlpHttpExportDelegate } from '@opentelemetry/otlp-exporter-base/node-http';
import { type Batch, type Collector, delivered, type Outcome, USER_AGENT } from './collector.ts';
import { withEnvironment } from './environment.ts';

/**
 * OTLP over HTTP: the stock http/protobuf exporter, which reads all OTEL_EXPORTER_OTLP_* variables, adapted to send bytes
 * that are already serialized and to return the collector's answer.
 */
export function connect(env: NodeJS.ProcessEnv, timeoutMs: number): Collector {
  const options = withEnvironment(env, () =>
    convertLegacyHttpOptions({ userAgent: USER_AGENT }, 'TRACES', 'v1/traces', {
      'Content-Type': 'application/x-protobuf',
    }),
  );
  // Makes Node.js read the certificates of NODE_EXTRA_CA_CERTS now, not at the first connection: only root may be able to.
  if (options.url.startsWith('https:')) createSecureContext();
  options.timeoutMillis = Math.min(options.timeoutMillis, timeoutMs);
  let answer: Uint8Array | undefined;
  const serializer = {
    serializeRequest: (batch: Batch) => batch.bytes,
    deserializeResponse: (bytes: Uint8Array) => {
      answer = bytes;
    },
  };
  const metrics = { name: 'span' as const, countItems: (batch: Batch) => batch.spans };
  const delegate = createOtlpHttpExportDelegate(options, serializer, 'otlp_http_span_exporter', metrics, undefined);
  return {
    send: (batch) =>
      new Promise((resolve) => {
        answer = undefined;
        delegate.export(batch, ({ error }) => resolve(error ? httpFailure(error) : delivered(batch, answer)));
      }),
    // Not awaited: shutdown() waits for the request in flight.
    close: () => void delegate.shutdown().catch(() => {}),
  };
}

/** The transport's message for an answer that it does not read to the end; the status may have been 200. */
const TOO_LONG_ANSWER = /size limit/;
const GAVE_UP = 'Export failed with retryable status';

/**
 * The stock transport already retries 429, 502, 503, 504 and broken connections, up to five times within the request's
 * timeout and as Retry-After says. When it gives up, the error has no status, and the whole request is retried. An error
 * with a status is another code. An error without a status comes from the connection, TLS or a timeout.
 */
export function httpFailure(error: unknown): Outcome {
  const { code, message = '', data } = error as { code?: unknown; message?: string; data?: string };
  if (typeof code === 'number') {
    const said = [`HTTP ${code}`, message, words(data)].filter(Boolean).join(' ');
    return { kind: 'refused', reason: `http_${code}`, message: said };
  }
  if (TOO_LONG_ANSWER.test(message)) return { kind: 'refused', reason: 'http_bad_answer', message };
  if (message === GAVE_UP)
    return { kind: 'retry', reason: 'http_busy', message: 'HTTP 429, 502, 503 or 504, repeatedly' };
  return { kind: 'retry', reason: 'http_connection', message: message || String(code ?? error) };
}

/** The answer, if it is short and printable; a protobuf Status or a page of HTML does not fit in a sentence. */
function words(data: string | undefined): string {
  return data && data.length <= 200 && /^[\x20-\x7e\s]+$/.test(data) && !data.includes('<') ? data.trim() : '';
}
