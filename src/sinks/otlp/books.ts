// SPDX-License-Identifier: Apache-2.0
import type { SinkBooks } from '../../event/sink.ts';

/** The sink's line of the books: accepted + recovered = exported + queued + spooled + sum(dropped), at any time. */
export class Books {
  accepted = 0;
  exported = 0;
  /** Spans that earlier runs have left in the spool. */
  recovered = 0;
  readonly #dropped: Record<string, number> = {};

  drop(reason: string, spans: number): void {
    if (spans > 0) this.#dropped[reason] = (this.#dropped[reason] ?? 0) + spans;
  }

  /** @param spooled absent without a spool */
  read(queued: number, spooled?: number): SinkBooks {
    const { accepted, exported, recovered } = this;
    const ofSpool = spooled === undefined ? {} : { spooled, recovered };
    return { accepted, exported, queued, dropped: { ...this.#dropped }, ...ofSpool };
  }
}
