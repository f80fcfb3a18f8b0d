// SPDX-License-Identifier: Apache-2.0
import type { Lost } from '../../event/lost.ts';
import type { SinkBooks } from '../../event/sink.ts';
import { LossReports } from '../loss-reports.ts';

/** The sink's line of the books: accepted + recovered + reports = exported + queued + spooled + sum(dropped), at any time. */
export class Books {
  accepted = 0;
  exported = 0;
  /** Spans that earlier runs have left in the spool. */
  recovered = 0;
  /** Reports of what this sink has lost. */
  readonly reports: LossReports;
  readonly #dropped: Record<string, number> = {};

  /** @param mayReport whether a report may arrive before anything else has */
  constructor(mayReport: boolean) {
    this.reports = new LossReports(mayReport);
  }

  /** Counts spans that were lost, which are reported later. */
  lose(reason: string, spans: number, lost: Lost | undefined): void {
    this.drop(reason, spans);
    if (lost) this.reports.lost(reason, lost);
  }

  /** Counts spans that nobody misses, or whose loss nobody can report any more. */
  drop(reason: string, spans: number): void {
    if (spans > 0) this.#dropped[reason] = (this.#dropped[reason] ?? 0) + spans;
  }

  /** @param spooled absent without a spool */
  read(queued: number, spooled?: number): SinkBooks {
    const { accepted, exported, recovered } = this;
    const { made: reports } = this.reports;
    const ofSpool = spooled === undefined ? {} : { spooled, recovered };
    return { accepted, exported, queued, dropped: { ...this.#dropped }, ...ofSpool, ...(reports > 0 && { reports }) };
  }
}
