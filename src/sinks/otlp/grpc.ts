// SPDX-License-Identifier: Apache-2.0
import { convertLegacyOtlpGrpcOptions, createOtlpGrpcExportDelegate } from '@opentelemetry/otlp-grpc-exporter-base';
import { createCollector, METRICS } from './delegate.ts';
import type { Endpoint } from './endpoint.ts';
import { withEnvironment } from './environment.ts';
import type { Collector, Outcome } from './outcome.ts';
import { retryDelayMs } from './retry-info.ts';

const SERVICE = 'TraceExportService';
const METHOD = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';

export function connect(endpoint: Endpoint, env: NodeJS.ProcessEnv, timeoutMs: number): Collector {
  const options = withEnvironment(env, () => {
    const read = convertLegacyOtlpGrpcOptions({}, 'TRACES');
    // Read certificates now, with what the environment says now, not at the first request.
    const credentials = read.credentials();
    return { ...read, credentials: () => credentials, timeoutMillis: Math.min(read.timeoutMillis, timeoutMs) };
  });
  return createCollector(
    endpoint.text,
    (serializer) =>
      createOtlpGrpcExportDelegate(options, serializer, 'otlp_grpc_span_exporter', METRICS, undefined, SERVICE, METHOD),
    grpcFailure,
  );
}

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
 * Retryable by the OTLP specification. After deadline_exceeded, cancelled or a connection that broke the collector may
 * already have the spans: sending again can duplicate them, by nature, but with the same ids.
 */
const RETRYABLE: ReadonlySet<string> = new Set([
  'cancelled',
  'deadline_exceeded',
  'aborted',
  'out_of_range',
  'unavailable',
  'data_loss',
]);

interface GrpcError {
  code?: unknown;
  details?: unknown;
  message?: unknown;
  metadata?: { get(key: string): unknown[] };
}

export function grpcFailure(error: unknown): Outcome {
  const { code, details, message: text, metadata } = error as GrpcError;
  const message = String(details || text || error);
  const name = typeof code === 'number' ? (CODES[code] ?? `code_${code}`) : 'unknown';
  const reason = `grpc_${name}`;
  const afterMs = retryDelayMs(metadata?.get('grpc-status-details-bin')[0]);
  // A full collector says when it will have room; without that, the specification says that it never will.
  const retry = RETRYABLE.has(name) || (name === 'resource_exhausted' && afterMs !== undefined);
  if (!retry) return { kind: 'refused', reason, message };
  return afterMs === undefined ? { kind: 'retry', reason, message } : { kind: 'retry', reason, message, afterMs };
}
