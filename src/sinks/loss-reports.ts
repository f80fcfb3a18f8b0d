// SPDX-License-Identifier: Apache-2.0
import type { NotRecordedEvent } from '../event/event.ts';
import { type Lost, Unreported } from '../event/lost.ts';

/** At most one report of a reason for this long. */
const PERIOD_MS = 1000;

/** What an output has lost, until it can say so itself: its reports are events like any other, at most one a second for each reason. */
export class LossReports {
  /** Whether a report may arrive. */
  mayArrive: boolean;
  /** How many were made. */
  made = 0;
  readonly #unreported = new Unreported();
  #nextAtMs = 0;

  constructor(mayArrive: boolean) {
    this.mayArrive = mayArrive;
  }

  lost(reason: string, lost: Lost): void {
    this.#unreported.add(reason, lost);
  }

  /** When the next ones are due; never while there are none, or they would not arrive. */
  get dueAtMs(): number {
    return this.mayArrive && !this.#unreported.isEmpty ? this.#nextAtMs : Number.POSITIVE_INFINITY;
  }

  /** Those that are due. @param isLast nothing comes after them, so that they are due */
  take(nowMs: number, isLast = false): NotRecordedEvent[] {
    if (!isLast && this.dueAtMs > nowMs) return [];
    if (this.dueAtMs === Number.POSITIVE_INFINITY) return [];
    this.#nextAtMs = nowMs + PERIOD_MS;
    const reports = this.#unreported.take();
    this.made += reports.length;
    return reports;
  }
}
