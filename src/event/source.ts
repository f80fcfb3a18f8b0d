// SPDX-License-Identifier: Apache-2.0
import type { SourceBooks } from './books.ts';
import type { CompactionEvent } from './event.ts';

/** Where events come from: the running kernel, or a recording. */
export interface Source {
  /**
   * Begins to deliver batches. Resolves at the end of a recording, or after `stop()`.
   *
   * @param room resolves when the sinks have room again. A recording waits for it after each batch; the kernel does not
   * wait, so the live source never asks.
   */
  run(onEvents: (events: readonly CompactionEvent[]) => void, room: () => Promise<void>): Promise<void>;
  /** Stops, and delivers what is under way. */
  stop(): Promise<void>;
  /** Exact after `stop()`. */
  books(): SourceBooks;
}
