// SPDX-License-Identifier: Apache-2.0
import type { Outcome } from './collector.ts';
import { retryDelayMs } from './retry-info.ts';

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
  const message = plain(String(details || text || error));
  const name = typeof code === 'number' ? (CODES[code] ?? `code_${code}`) : 'unknown';
  const reason = `grpc_${name}`;
  const afterMs = retryDelayMs(metadata?.get('grpc-status-details-bin')[0]);
  // A full collector says when to retry; without RetryInfo the specification forbids a retry.
  const retry = RETRYABLE.has(name) || (name === 'resource_exhausted' && afterMs !== undefined);
  if (!retry) return { kind: 'refused', reason, message };
  return afterMs === undefined ? { kind: 'retry', reason, message } : { kind: 'retry', reason, message, afterMs };
}

/** Shortens "No connection established. Last error: Error: connect ECONNREFUSED 127.0.0.1:4317. Resolution note: " */
function plain(details: string): string {
  return details
    .replace(/^No connection established\. Last error: (Error: )?/, '')
    .replace(/\.? Resolution note: ?$/, '')
    .trim();
}
