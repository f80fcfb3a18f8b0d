// SPDX-License-Identifier: Apache-2.0

import { fields, messages } from '../../protobuf/reader.ts';
import { VERSION } from '../../version.ts';

/** The outcome of a request. */
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

/** A connection to a collector, for one request at a time. */
export interface Collector {
  send(batch: Batch): Promise<Outcome>;
  close(): void;
}

export const USER_AGENT = `compactstall/${VERSION}`;

/** The outcome of an accepted request. Reads the count of rejected spans, which the stock exporters only log. */
export function delivered(batch: Batch, answer: Uint8Array = new Uint8Array()): Outcome {
  const { rejected, message } = readPartialSuccess(answer);
  // A broken server's count must not unbalance the books.
  return { kind: 'delivered', rejected: Math.min(Math.max(rejected, 0), batch.spans), message };
}

/** ExportTraceServiceResponse.partial_success = 1 { rejected_spans = 1, error_message = 2 } */
function readPartialSuccess(answer: Uint8Array): { rejected: number; message: string } {
  const partial = { rejected: 0, message: '' };
  try {
    for (const { field, value } of messages(answer, 1).flatMap((bytes) => [...fields(bytes)])) {
      if (field === 1 && typeof value === 'number') partial.rejected = value;
      if (field === 2 && typeof value !== 'number') partial.message = Buffer.from(value).toString();
    }
    return partial;
  } catch {
    // The status said that the request was accepted.
    return { rejected: 0, message: '' };
  }
}
