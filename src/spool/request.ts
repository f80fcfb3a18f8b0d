// SPDX-License-Identifier: Apache-2.0
import type { SegmentFile } from './segment-store.ts';

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

/** A segment, and what is left in it. */
export interface Segment extends SegmentFile {
  /** Whether its requests are not in memory: it has to be read. */
  isUnread: boolean;
  /** The requests that are not settled, of a segment that is not unread, in their order. */
  kept: Stored[];
  /** The safe spans of an unread segment; undefined until one of an earlier run was looked at. */
  spans: number | undefined;
  /** Whether something in it is damaged. */
  isBad: boolean;
}
