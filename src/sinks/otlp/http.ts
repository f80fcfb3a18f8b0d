// SPDX-License-Identifier: Apache-2.0
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { createSecureContext } from 'node:tls';
import { CompressionAlgorithm } from '@opentelemetry/otlp-exporter-base';
import { createOtlpHttpExportDelegate } from '@opentelemetry/otlp-exporter-base/node-http';
import { type Batch, type Collector, delivered, type Outcome, USER_AGENT } from './collector.ts';
import type { Connection } from './connection.ts';

/**
 * OTLP over HTTP: the stock http/protobuf exporter, adapted to send bytes that are already serialized and to return the
 * collector's answer.
 */
export function connect({ endpoint, headers, gzip, timeoutMs, files, proxy }: Connection): Collector {
  // Makes Node.js read the certificates of NODE_EXTRA_CA_CERTS now, not at the first connection: only root may be able to.
  if (endpoint.secure) createSecureContext();
  const agent = endpoint.secure
    ? new HttpsAgent({ keepAlive: true, ...files, ...throughProxy(proxy) })
    : new HttpAgent({ keepAlive: true, ...throughProxy(proxy) });
  const options = {
    url: endpoint.address,
    headers: async () =>
      ({ ...Object.fromEntries(headers), 'Content-Type': 'application/x-protobuf' }) as Record<string, string>,
    compression: gzip ? CompressionAlgorithm.GZIP : CompressionAlgorithm.NONE,
    timeoutMillis: timeoutMs,
    concurrencyLimit: 1,
    agentFactory: () => agent,
    userAgent: USER_AGENT,
  };
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

/** Node.js takes a proxy in the form of an environment. */
const throughProxy = (proxy: Connection['proxy']) =>
  proxy && { proxyEnv: { HTTP_PROXY: proxy.url, HTTPS_PROXY: proxy.url } };

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
