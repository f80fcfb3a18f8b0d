// SPDX-License-Identifier: Apache-2.0
import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import { VERSION } from '../../version.ts';

/** What became of one request. */
export type Outcome =
  /** The collector took it, except `rejected` spans (a partial success, never sent again). */
  | { kind: 'delivered'; rejected: number; message: string }
  /** Worth another try: it may not have arrived, or the collector asks for patience. */
  | { kind: 'retry'; reason: string; message: string; afterMs?: number }
  /** Sending it again would not help. `reason` goes into the books: `grpc_invalid_argument`, `http_401`. */
  | { kind: 'refused'; reason: string; message: string };

/** A serialized request. */
export interface Batch {
  bytes: Uint8Array;
  spans: number;
}

/** A way to a collector. One request at a time. */
export interface Collector {
  send(batch: Batch): Promise<Outcome>;
  close(): void;
}

export const USER_AGENT = `compactstall/${VERSION}`;

/** A request that was accepted. What its answer says of rejected spans the stock exporters would only log. */
export function delivered(batch: Batch, answer: Uint8Array | undefined): Outcome {
  const partial = readPartialSuccess(answer);
  const rejected = Number(partial?.rejectedSpans ?? 0);
  // What a broken server says must not unbalance the books.
  const sane = Number.isFinite(rejected) ? Math.min(Math.max(Math.trunc(rejected), 0), batch.spans) : 0;
  return { kind: 'delivered', rejected: sane, message: partial?.errorMessage ?? '' };
}

function readPartialSuccess(answer: Uint8Array | undefined) {
  try {
    return answer && ProtobufTraceSerializer.deserializeResponse(answer).partialSuccess;
  } catch {
    // Accepted all the same: the status said so.
    return undefined;
  }
}
