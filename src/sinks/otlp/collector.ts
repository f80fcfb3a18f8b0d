// SPDX-License-Identifier: Apache-2.0
import type { Stored } from '../../spool/request.ts';
import { excerpt } from '../../terminal.ts';
import { VERSION } from '../../version.ts';
import type { PartialSuccess } from './response.ts';

/** The outcome of a request. Its `message` is printable and short. */
export type Outcome = Answer & {
  /** Nothing uses the request's bytes any more. Not known where an answer came before all of them were sent. */
  isSpent?: boolean;
};

type Answer =
  /** The collector took it, except `rejected` spans (a partial success, never sent again). */
  | {
      kind: 'delivered';
      rejected: number;
      message: string;
      /** Why it may not be a collector that answered. */
      doubt?: string;
    }
  /** Worth another try: it may not have arrived, or the collector asks for patience. `answered` tells which. */
  | { kind: 'retry'; reason: string; message: string; answered: boolean; afterMs?: number }
  /** Sending it again would not help. `reason` goes into the books: `grpc_invalid_argument`, `http_401`. */
  | {
      kind: 'refused';
      reason: string;
      message: string;
      /** A smaller request may be accepted. */
      tooLarge?: boolean;
      /** The collector always asked for another try, while it took others. */
      lasting?: boolean;
    };

/** A serialized request: of spans, or of metrics, whose data points are counted in the same place. */
export interface Batch {
  bytes: Uint8Array;
  spans: number;
  /** What the spool knows of it, if it has it. */
  stored?: Stored;
}

/** A connection to a collector, for one request at a time. */
export interface Collector {
  /** Resolves within the time that a request may take, whatever the other side does. */
  send(batch: Batch): Promise<Outcome>;
  close(): void;
}

export const USER_AGENT = `compactstall/${VERSION}`;

/** The outcome of an accepted request. Its count of rejected spans, which the stock exporters only log, is kept. */
export function delivered(batch: Batch, { rejected, message }: PartialSuccess): Outcome & { kind: 'delivered' } {
  // A broken server's count must not unbalance the books.
  return { kind: 'delivered', rejected: Math.min(Math.max(rejected, 0), batch.spans), message: excerpt(message) };
}

/** How receivers word that a request is larger than they take. */
const TOO_LARGE =
  /larger than (the )?max|(message|body|entity|payload|request).{0,30} too large|exceeds (the )?(configured )?max/i;

export const saysTooLarge = (message: string): boolean => TOO_LARGE.test(message);
