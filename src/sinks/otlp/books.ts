// SPDX-License-Identifier: Apache-2.0
import type { SinkBooks } from '../../event/sink.ts';

/** The sink's line of the books: accepted = exported + queued + sum(dropped), at any time. */
export class Books {
  accepted = 0;
  exported = 0;
  readonly #dropped: Record<string, number> = {};

  drop(reason: string, spans: number): void {
    if (spans > 0) this.#dropped[reason] = (this.#dropped[reason] ?? 0) + spans;
  }

  read(queued: number): SinkBooks {
    return { accepted: this.accepted, exported: this.exported, queued, dropped: { ...this.#dropped } };
  }
}
