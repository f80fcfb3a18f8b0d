// SPDX-License-Identifier: Apache-2.0
import type { CompactionEvent } from './event.ts';

/**
 * One line of the books: `accepted = exported + queued + sum(dropped)`, at any time. Dropped events are counted by
 * reason, for example `queue_full` or `grpc_unavailable`.
 */
export interface SinkBooks {
  accepted: number;
  exported: number;
  queued: number;
  dropped: Record<string, number>;
}

/** Where events go. A sink never throws at the source: what it cannot deliver it counts. */
export interface Sink {
  readonly name: string;
  /** Where it sends to, when the user would not see it otherwise. */
  readonly destination?: string;
  /** Takes a batch, in order of arrival. Never blocks; what does not fit in the sink's queue is dropped and counted. */
  write(events: readonly CompactionEvent[]): void;
  /** Resolves when there is room again. A recording waits for it; the live source cannot, and does not. */
  room(): Promise<void>;
  /** Delivers what is queued, until done or the deadline (milliseconds) has passed, then counts the rest as dropped. */
  close(deadlineMs: number): Promise<void>;
  books(): SinkBooks;
}
