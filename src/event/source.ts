// SPDX-License-Identifier: Apache-2.0

import type { AgentEvent } from './event.ts';
import type { SourceBooks } from './source-books.ts';

/** Where events come from: the running kernel, or a recording. */
export interface Source {
  /**
   * Delivers batches. Resolves at the end of a recording, or after `stop()`.
   *
   * @param room resolves when all sinks have room, with the number of events that fit. A recording waits for it before each
   * batch. The kernel does not wait, so the live source never calls it.
   */
  run(onEvents: (events: readonly AgentEvent[]) => void, room: () => Promise<number>): Promise<void>;
  /** Stops after delivering what is under way. */
  stop(): Promise<void>;
  /** The source's books; exact after `stop()`. */
  books(): SourceBooks;
}
