// SPDX-License-Identifier: Apache-2.0
import type { CompactionEvent, Trigger } from '../event/event.ts';
import type { KeptStall, ReportData } from '../report/data.ts';
import { secondsOf } from './format.ts';

/** A stall with what is looked up often. */
export interface Stall extends KeptStall {
  id: number;
  /** Seconds since the epoch. */
  from: number;
  to: number;
  service: string | undefined;
  process: string;
  /** All that the text filter looks at, in lower case. */
  words: string;
}

export type Outcome = 'success' | 'failure' | 'contended' | 'other';

export function outcomeOf({ status, trigger }: Pick<CompactionEvent, 'status' | 'trigger'>): Outcome {
  if (status === 'success') return 'success';
  if (status === 'contended') return 'contended';
  // Where a whole zone is compacted, to have scanned it is the normal end.
  if (status === 'complete' && (trigger === 'manual' || trigger === 'proactive')) return 'success';
  return status === 'complete' || status === 'partial_skipped' ? 'failure' : 'other';
}

/** What is looked at: filters, the part of time, and the stall that is shown in full. */
export class View {
  readonly data: ReportData;
  readonly stalls: readonly Stall[];
  /** The whole of time, in seconds since the epoch, with some room at both ends. */
  readonly whole: readonly [from: number, to: number];
  triggers: ReadonlySet<Trigger>;
  /** undefined: all. null: those of which none is known. */
  service: string | null | undefined;
  text = '';
  time: readonly [from: number, to: number];
  selected: Stall | undefined;
  readonly #listeners: (() => void)[] = [];
  #shown: readonly Stall[] | undefined;

  constructor(data: ReportData) {
    this.data = data;
    this.triggers = new Set(data.cells.triggers);
    const serviceNames = data.resources.map((resource) => resource['service.name']);
    const names = data.frames;
    this.stalls = data.stalls.map((stall, id) => {
      const name = stall.resource === undefined ? undefined : serviceNames[stall.resource];
      const service = typeof name === 'string' ? name : undefined;
      const process = stall.executable ?? stall.comm;
      const from = secondsOf(stall.startUnixNano);
      const frames = data.stackTable[stall.stack]?.map((frame) => names[frame]) ?? [];
      const { comm, container, pid, tid, zone, status, mode, traceId } = stall;
      const words = [service, process, comm, container, pid, tid, zone, status, mode, traceId, ...stall.gfp, ...frames];
      return {
        ...stall,
        id,
        from,
        to: from + stall.durationNano / 1e9,
        service,
        process,
        words: words
          .filter((word) => word !== undefined)
          .join('\n')
          .toLowerCase(),
      };
    });
    const { originUnixNano, widthNano, rows } = data.cells;
    const lastBin = rows.at(-1)?.[0] ?? 0;
    const first = secondsOf(originUnixNano);
    const last = Math.max(first + ((lastBin + 1) * widthNano) / 1e9, secondsOf(data.endUnixNano));
    const margin = (last - first) * 0.01;
    this.whole = rows.length > 0 ? [first - margin, last + margin] : [0, 1];
    this.time = this.whole;
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  change(changes: Partial<Pick<View, 'triggers' | 'service' | 'text' | 'time' | 'selected'>>): void {
    Object.assign(this, changes);
    this.#shown = undefined;
    for (const listener of this.#listeners) listener();
  }

  get isFiltered(): boolean {
    return this.text !== '' || this.service !== undefined || this.triggers.size < this.data.cells.triggers.length;
  }

  get isZoomed(): boolean {
    return this.time[0] !== this.whole[0] || this.time[1] !== this.whole[1];
  }

  /** Whether sums of a trigger and a service are wanted. */
  wants(trigger: Trigger, service: string | undefined): boolean {
    return this.triggers.has(trigger) && (this.service === undefined || this.service === (service ?? null));
  }

  /** The stalls that filters and time leave, in order of time. */
  get shown(): readonly Stall[] {
    const words = this.text.toLowerCase();
    const [from, to] = this.time;
    this.#shown ??= this.stalls.filter(
      (stall) =>
        stall.from <= to &&
        stall.to >= from &&
        this.wants(stall.trigger, stall.service) &&
        (words === '' || stall.words.includes(words)),
    );
    return this.#shown;
  }
}
