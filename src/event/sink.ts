// SPDX-License-Identifier: Apache-2.0
import type { AgentEvent } from './event.ts';

/**
 * One line of the books: `accepted + recovered + reports = exported + queued + spooled + sum(dropped)`, at any time. Dropped events
 * are counted by reason, for example `queue_full` or `grpc_unavailable`.
 */
export interface SinkBooks {
  accepted: number;
  exported: number;
  queued: number;
  dropped: Record<string, number>;
  /** Those that wait where the end of the agent does not lose them; absent without such a place. */
  spooled?: number;
  /** Those that earlier runs have left there. */
  recovered?: number;
  /** Its own events, which report what it has lost; absent while there are none. */
  reports?: number;
}

/** A destination of events. It never throws at the source: it counts what it cannot deliver. */
export interface Sink {
  readonly name: string;
  /** The address that it sends to, for a message to the user; absent for files and standard output. */
  readonly destination?: string;
  /** Whether the last delivery failed. False before the first one. */
  readonly isFailing: boolean;
  /** Whether it hangs: what it does now takes longer than it ever may. Whoever is away or slow does not make it hang. */
  readonly isStuck: boolean;
  /** Takes a batch, in order of arrival. Never blocks: events that do not fit in the queue are dropped and counted. */
  write(events: readonly AgentEvent[]): void;
  /**
   * Resolves when there is room again, with the number of events that fit: at least one. A recording waits for it; the
   * live source cannot wait.
   */
  room(): Promise<number>;
  /**
   * Called before the first event, when the agent is the user that it stays. Throws a UserError when it cannot work. Absent where there
   * is nothing to do.
   */
  start?(): Promise<void>;
  /**
   * Opens its file again, which may have another name now. Nothing is lost or torn. Resolves when that is done. Absent where there
   * is never a file.
   */
  reopen?(): Promise<void>;
  /** Delivers what is queued until the deadline (milliseconds), then counts the rest as dropped. */
  close(deadlineMs: number): Promise<void>;
  books(): SinkBooks;
}
