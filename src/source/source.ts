// SPDX-License-Identifier: Apache-2.0
import type { SourceBooks } from '../books.ts';
import type { CompactionEvent } from '../event.ts';

/** Where events come from: the running kernel, or a recording. */
export interface Source {
  /**
   * Begins to deliver batches. Resolves at the end of a recording, or after `stop()`. A recording waits for the promise
   * that the callback returns, the kernel does not.
   */
  run(onEvents: (events: readonly CompactionEvent[]) => Promise<void>): Promise<void>;
  /** Stops, and delivers what is under way. */
  stop(): Promise<void>;
  /** Exact after `stop()`. */
  books(): SourceBooks;
}
