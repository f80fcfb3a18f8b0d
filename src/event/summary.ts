// SPDX-License-Identifier: Apache-2.0
import { Lru } from '../lru.ts';
import { type AgentEvent, type CompactionEvent, type EventHost, isCompaction, type Trigger } from './event.ts';

/** The most rows. Beyond, the row that has had no compaction for longest goes into `others`. */
const MAX_ROWS = 10_000;

export interface SummaryTotals {
  count: number;
  sumNano: number;
  longestNano: number;
}

/** Compactions with the same service, process name, trigger and order. */
export interface SummaryRow extends SummaryTotals {
  /** Absent where the service is not known, and for kernel threads. */
  service?: string;
  /** Base name of the executable, or the thread's name where that is not known. */
  process: string;
  /** Absent when they were several processes. */
  pid?: number;
  trigger: Trigger;
  order: number;
}

/** Who waited for how long. All its totals together are `all`. JSON-safe: `compactstall summary --json` prints it. */
export interface SummaryReport {
  v: 1;
  all: SummaryTotals;
  /** Longest sum first. */
  rows: SummaryRow[];
  /** Of rows that there was no room for; absent when there was. */
  others?: SummaryTotals;
  /** What the limit for spans left out, of which nobody knows whose it was; absent when there is none. */
  notRecorded?: SummaryTotals;
  /** Compactions that were lost, which are in no total, as nobody knows how long they took; absent when there is none. */
  lost?: number;
}

/** Adds up events, in bounded memory. */
export class Summary {
  readonly #rows: Lru<string, SummaryRow>;
  /** The host of a row's first compaction. */
  readonly #hosts = new WeakMap<SummaryRow, EventHost>();
  readonly #all = nothing();
  readonly #others = nothing();
  readonly #notRecorded = nothing();
  #lost = 0;

  constructor(most = MAX_ROWS) {
    this.#rows = new Lru(most, (_key, row) => addTo(this.#others, row));
  }

  add(events: readonly AgentEvent[]): void {
    for (const event of events) {
      if (!isCompaction(event) && event.reason !== 'rate') {
        this.#lost += event.count;
        continue;
      }
      const totals = totalsOf(event);
      addTo(this.#all, totals);
      addTo(isCompaction(event) ? this.#row(event) : this.#notRecorded, totals);
    }
  }

  report(): SummaryReport {
    return {
      v: 1,
      all: { ...this.#all },
      rows: [...this.#rows.values()].map((row) => ({ ...row })).sort((a, b) => b.sumNano - a.sumNano),
      ...(this.#others.count > 0 && { others: { ...this.#others } }),
      ...(this.#notRecorded.count > 0 && { notRecorded: { ...this.#notRecorded } }),
      ...(this.#lost > 0 && { lost: this.#lost }),
    };
  }

  #row(event: CompactionEvent): SummaryRow {
    const { pid, trigger, order, resource, host } = event;
    const process = event.executable ?? event.comm;
    const name = resource?.['service.name'];
    const service = typeof name === 'string' ? { service: name } : {};
    const row = this.#rows.getOrMake(JSON.stringify([name, process, trigger, order]), () => {
      const made: SummaryRow = { ...service, process, pid, trigger, order, ...nothing() };
      if (host) this.#hosts.set(made, host);
      return made;
    });
    // The same number on another host is another process.
    if (row.pid !== pid || this.#hosts.get(row) !== host) delete row.pid;
    return row;
  }
}

const nothing = (): SummaryTotals => ({ count: 0, sumNano: 0, longestNano: 0 });

function addTo(totals: SummaryTotals, { count, sumNano, longestNano }: SummaryTotals): void {
  totals.count += count;
  totals.sumNano += sumNano;
  totals.longestNano = Math.max(totals.longestNano, longestNano);
}

const totalsOf = (event: AgentEvent): SummaryTotals =>
  isCompaction(event)
    ? { count: 1, sumNano: event.durationNano, longestNano: event.durationNano }
    : { count: event.count, sumNano: event.sumNano ?? 0, longestNano: event.longestNano ?? 0 };
