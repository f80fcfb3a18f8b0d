// SPDX-License-Identifier: Apache-2.0
import type { Batch } from './collector.ts';

/** Finished requests that wait for the collector, oldest first. A request is in it until it is settled, also while it is sent. */
export interface RequestQueue {
  /** Spans that would be lost if the agent ended now. */
  readonly queued: number;
  /** Spans that would not; undefined without a spool. */
  readonly spooled: number | undefined;
  /** Whether there is nothing to take. */
  readonly isEmpty: boolean;
  /** Called before the first request, when the agent is the user that it stays. @throws UserError */
  open(): Promise<void>;
  push(batch: Batch): void;
  /** Takes out the next one. */
  next(): Promise<Batch | undefined>;
  /** Takes back one that was taken out, or the parts of it: they come next. */
  putBack(batches: readonly Batch[]): void;
  /** It was delivered, or given up. @param isSpent nothing uses its bytes any more */
  settled(batch: Batch, isSpent: boolean): void;
  /**
   * Stores what can be stored. From here on there is nothing to take. @param more called when everything is stored, to push one last
   * request; called again as long as it returns true. Not called by a queue that stores nothing
   */
  close(more: () => boolean): Promise<void>;
}

/** The queue in memory. */
export class MemoryQueue implements RequestQueue {
  queued = 0;
  readonly spooled = undefined;
  #batches: Batch[] = [];

  get isEmpty(): boolean {
    return this.#batches.length === 0;
  }

  async open(): Promise<void> {}

  push(batch: Batch): void {
    this.#batches.push(batch);
    this.queued += batch.spans;
  }

  async next(): Promise<Batch | undefined> {
    return this.#batches.shift();
  }

  putBack(batches: readonly Batch[]): void {
    this.#batches.unshift(...batches);
  }

  settled(batch: Batch, isSpent: boolean): void {
    this.queued -= batch.spans;
    if (isSpent) free(batch);
  }

  async close(): Promise<void> {
    this.#batches = [];
  }
}

/** Frees the memory now: it is most of what a storm takes, and an idle process may not collect garbage for days. */
export function free({ bytes }: Batch): void {
  (bytes.buffer as ArrayBuffer).transfer(0);
}
