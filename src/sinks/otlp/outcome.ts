// SPDX-License-Identifier: Apache-2.0
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
  /** Where it is, for sentences to the user. */
  readonly endpoint: string;
  send(batch: Batch): Promise<Outcome>;
  close(): void;
}
