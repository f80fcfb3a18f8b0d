// SPDX-License-Identifier: Apache-2.0
import type { CompactionEvent, Trigger } from '../event/event.ts';
import type { KeptStall, ReportData } from '../report/data.ts';
import { stacksOf } from '../report/kept-stalls.ts';
import { findable, isWanted, secondsOf, type Wanted, wantsSum } from '../report/shown.ts';

/** A stall with what is looked up often. */
export type Stall = KeptStall & ReturnType<typeof findable>;

export type Outcome = 'success' | 'failure' | 'contended' | 'other';

export function outcomeOf({ status, trigger }: Pick<CompactionEvent, 'status' | 'trigger'>): Outcome {
  if (status === 'success') return 'success';
  if (status === 'contended') return 'contended';
  // Where a whole zone is compacted, to have scanned it is the normal end.
  if (status === 'complete' && (trigger === 'manual' || trigger === 'proactive')) return 'success';
  return status === 'complete' || status === 'partial_skipped' ? 'failure' : 'other';
}

/** Of a running agent, so many seconds are looked at until somebody asks for more. */
const RECENT_SECONDS = 300;

/** The part of time that is looked at: it moves with the latest time, has all of it, or stays. */
type Span = 'recent' | 'whole' | 'chosen';

/** What is looked at: the data, filters, the part of time, and the stall that is shown in full. */
export class View implements Wanted {
  data!: ReportData;
  stalls!: readonly Stall[];
  /** The whole of time, in seconds since the epoch, with some room at both ends. */
  whole!: readonly [from: number, to: number];
  triggers: ReadonlySet<Trigger>;
  /** undefined: all. null: those of which none is known. */
  service: string | null | undefined;
  text = '';
  time!: readonly [from: number, to: number];
  selected: Stall | undefined;
  #span: Span;
  readonly #home: Span;
  readonly #listeners: (() => void)[] = [];
  #shown: readonly Stall[] | undefined;

  /** @param isLive whether there will be newer data */
  constructor(data: ReportData, isLive = false) {
    this.#home = isLive ? 'recent' : 'whole';
    this.#span = this.#home;
    this.triggers = new Set(data.cells.triggers);
    this.#take(data);
  }

  /** Shows newer data: filters and what is selected stay. */
  renew(data: ReportData): void {
    this.#take(data);
    this.#changed();
  }

  #take(data: ReportData): void {
    const stacks = stacksOf(data);
    this.data = data;
    this.stalls = data.stalls.map((stall) => ({
      ...stall,
      ...findable(stall, stacks[stall.stack] ?? [], data.resources[stall.resource ?? -1]),
    }));
    this.whole = wholeOf(data);
    this.#moveTo(this.#span);
    const { selected } = this;
    this.selected =
      selected &&
      (this.stalls.find(({ spanId, traceId }) => spanId === selected.spanId && traceId === selected.traceId) ??
        selected);
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  change(changes: Partial<Pick<View, 'triggers' | 'service' | 'text' | 'time' | 'selected'>>): void {
    Object.assign(this, changes);
    if (changes.time) this.#span = changes.time === this.whole ? 'whole' : 'chosen';
    this.#changed();
  }

  /** Shows what is shown at first. In a report, the selected stall stays in full. */
  reset(): void {
    Object.assign(this, { triggers: new Set(this.data.cells.triggers), service: undefined, text: '' });
    if (this.#home === 'recent') this.selected = undefined;
    this.goHome();
  }

  /** Shows the time that is shown at first. */
  goHome(): void {
    this.#moveTo(this.#home);
    this.#changed();
  }

  #moveTo(span: Span): void {
    this.#span = span;
    if (span === 'whole') this.time = this.whole;
    if (span === 'recent') this.time = [Math.max(this.whole[0], this.whole[1] - RECENT_SECONDS), this.whole[1]];
  }

  #changed(): void {
    this.#shown = undefined;
    for (const listener of this.#listeners) listener();
  }

  get isFiltered(): boolean {
    return this.text !== '' || !this.hasAllSums;
  }

  /** Whether sums of every trigger and service are wanted. */
  get hasAllSums(): boolean {
    return this.service === undefined && this.triggers.size === this.data.cells.triggers.length;
  }

  /** Whether another part of time than at first. */
  get isZoomed(): boolean {
    return this.#span !== this.#home;
  }

  /** Whether somebody has chosen a part of time. */
  get isChosen(): boolean {
    return this.#span === 'chosen';
  }

  /** Whether sums of a trigger and a service are wanted. */
  wants(trigger: Trigger, service: string | undefined): boolean {
    return wantsSum(this, trigger, service);
  }

  /** The stalls that filters and time leave, in order of time. */
  get shown(): readonly Stall[] {
    this.#shown ??= this.stalls.filter((stall) => isWanted(stall, this));
    return this.#shown;
  }
}

function wholeOf({ cells, endUnixNano, gaps, live }: ReportData): [number, number] {
  const { originUnixNano, widthNano, rows } = cells;
  if (live) {
    const [since, at] = [secondsOf(live.sinceUnixNano), secondsOf(live.atUnixNano)];
    // The clock may have been set back.
    return [Math.min(since, at), Math.max(at, since + 1)];
  }
  // What was lost before the first compaction, or after the last one, is seen as well.
  const parts = gaps.map(({ startUnixNano, durationNano }) => {
    const from = secondsOf(startUnixNano);
    return [from, from + durationNano / 1e9] as const;
  });
  if (rows.length > 0) {
    const from = secondsOf(originUnixNano);
    const lastBin = rows.at(-1)![0];
    parts.push([from, Math.max(from + ((lastBin + 1) * widthNano) / 1e9, secondsOf(endUnixNano))]);
  }
  if (parts.length === 0) return [0, 1];
  const first = Math.min(...parts.map(([from]) => from));
  const last = Math.max(...parts.map(([, to]) => to));
  const margin = Math.max((last - first) * 0.01, 1e-3);
  return [first - margin, last + margin];
}
