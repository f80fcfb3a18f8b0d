// SPDX-License-Identifier: Apache-2.0
import { excerpt } from '../../terminal.ts';
import type { Outcome } from './collector.ts';
import { tlsReason, tlsWords } from './tls-words.ts';

interface ConnectionError {
  code?: unknown;
  message?: unknown;
  /** What Node.js could not read as an answer. */
  rawPacket?: Uint8Array;
}

/** The first byte of a TLS alert. */
const TLS_ALERT = 0x15;

/** The reason when a connection that was used before turns out to be closed: worth another try at once. */
export const STALE = 'stale_connection';

/**
 * The outcome of a request without an answer. The collector may have the spans: sending them again can duplicate them, but
 * with the same ids.
 */
export function connectionFailure(error: unknown, reusedSocket = false): Outcome {
  const { code, message, rawPacket } = error as ConnectionError;
  const stale = reusedSocket && (code === 'ECONNRESET' || code === 'EPIPE');
  const words = excerpt(tlsWords(String(message || code || error)));
  return { kind: 'retry', reason: stale ? STALE : reasonOf(code, words, rawPacket), message: words, answered: false };
}

/** The reason, as exact as the failure proves it. */
function reasonOf(code: unknown, words: string, rawPacket: Uint8Array | undefined): string {
  if (code === 'HPE_INVALID_CONSTANT') return rawPacket?.[0] === TLS_ALERT ? 'tls' : 'not_http';
  return tlsReason(words) ?? 'http_connection';
}
