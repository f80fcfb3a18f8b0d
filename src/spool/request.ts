// SPDX-License-Identifier: Apache-2.0
import type { Segment } from './segments.ts';

/** A request that waits for the collector. */
export interface Request {
  bytes: Uint8Array;
  spans: number;
}

/** A request, or a part of one, and what the spool knows of the whole. */
export interface TakenRequest extends Request {
  stored: Stored;
}

/** A request in the spool's memory. */
export interface Stored extends Request {
  /** Its spans that are not settled. */
  left: number;
  /** Whether it survives a crash. */
  isSafe: boolean;
  /** Whether the sender has it. */
  isTaken: boolean;
  /** Whether it is in memory only until it is safe, behind others that have to be read again. */
  isBehind: boolean;
  /** Whether its bytes are a part of a segment that was read. */
  isRead: boolean;
  unixMs: number;
  /** Where it is stored; absent until it is written. */
  segment?: Segment;
  /** Where it ends in its segment. */
  end: number;
}
