// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import type { BooksReport } from '../event/books-report.ts';
import { type AgentEvent, type CompactionEvent, isCompaction, type NotRecordedEvent } from '../event/event.ts';
import { reasonText } from '../event/source-losses.ts';
import { Lru } from '../lru.ts';
import type { ResourceAttributes } from '../protobuf/attribute.ts';
import { cutEvent, cutStack, cutText } from './cut.ts';
import type { Gap, KeptStall, MissingRow, ReportData, StackRow, Totals, Waiting } from './data.ts';
import { First } from './first.ts';
import { Cells } from './time-cells.ts';
import { addTo, nothing, once } from './totals.ts';
import { ZoneHistories } from './zone-histories.ts';

export interface ReportLimits {
  /** Stalls in full. */
  stalls: number;
  /** Rows of who waited. */
  who: number;
  /** Different stacks, by service and trigger. */
  stacks: number;
}

const LIMITS: ReportLimits = { stalls: 5000, who: 3000, stacks: 2000 };
/** Beyond, the smaller gaps are in the sums only. */
const MAX_GAPS = 500;
/** Reasons that a file may make up. */
const MAX_REASONS = 50;

type StackTotals = Omit<StackRow, 'stack'> & { frames: readonly string[] };

/** What is not in the events. */
export interface ReportHead {
  version: string;
  recording: string;
  filters: string[];
  traceUrl?: string;
  books: BooksReport;
}

/** Adds up events for a report, in memory that does not grow with their number. All sums are exact. */
export class ReportModel {
  readonly #all = nothing();
  readonly #cells = new Cells();
  readonly #zones = new ZoneHistories();
  readonly #who: Lru<string, Waiting>;
  readonly #whoOthers = nothing();
  readonly #stacks: Lru<string, StackTotals>;
  readonly #stacksOthers = nothing();
  /** A recording has one array for equal stacks: its key is made once. */
  readonly #stackKeys = new WeakMap<readonly string[], string>();
  readonly #longest: First<CompactionEvent>;
  readonly #missing = new Map<string, MissingRow>();
  readonly #gaps = new First<Gap>(MAX_GAPS, (a, b) => a.count > b.count);
  #first: bigint | undefined;
  #last = 0n;

  constructor(limits: Partial<ReportLimits> = {}) {
    const { stalls, who, stacks } = { ...LIMITS, ...limits };
    this.#who = new Lru(who, (_key, row) => addTo(this.#whoOthers, row));
    this.#stacks = new Lru(stacks, (_key, row) => addTo(this.#stacksOthers, row));
    // Of equally long ones the earliest, whatever their order in the file.
    this.#longest = new First(
      stalls,
      (a, b) => a.durationNano > b.durationNano || (a.durationNano === b.durationNano && isEarlier(a, b)),
    );
  }

  add(events: readonly AgentEvent[]): void {
    for (const event of events) {
      if (isCompaction(event)) this.#addCompaction(event);
      else this.#addMissing(event);
    }
  }

  report(head: ReportHead): ReportData {
    const frames = new Table<string>(JSON.stringify);
    const stackTable = new Table<number[]>((stack) => stack.join());
    const resources = new Table<ResourceAttributes>(JSON.stringify);
    const stackOf = (stack: readonly string[]) =>
      stack.length === 0 ? -1 : stackTable.numberOf(stack.map((frame) => frames.numberOf(frame)));
    const stalls = [...this.#longest.items()]
      .sort((a, b) => (isEarlier(a, b) ? -1 : 1))
      .map(
        ({ v: _v, kind: _kind, stack, resource, ...event }): KeptStall => ({
          ...event,
          stack: stackOf(stack),
          ...(resource && { resource: resources.numberOf(resource) }),
        }),
      );
    const stacks = [...this.#stacks.values()]
      .map(({ frames, ...row }): StackRow => ({ stack: stackOf(frames), ...row }))
      .sort(longestFirst);
    return {
      v: 1,
      ...head,
      startUnixNano: String(this.#first ?? 0n),
      endUnixNano: String(this.#last),
      all: { ...this.#all },
      cells: this.#cells.report(),
      who: [...this.#who.values()].sort(longestFirst),
      ...(this.#whoOthers.count > 0 && { whoOthers: { ...this.#whoOthers } }),
      stacks,
      ...(this.#stacksOthers.count > 0 && { stacksOthers: { ...this.#stacksOthers } }),
      zones: this.#zones.report(),
      zonesLeftOut: this.#zones.leftOut,
      stalls,
      frames: frames.rows,
      stackTable: stackTable.rows,
      resources: resources.rows,
      notRecorded: [...this.#missing.values()],
      gaps: this.#gaps.items().toSorted((a, b) => (BigInt(a.startUnixNano) < BigInt(b.startUnixNano) ? -1 : 1)),
    };
  }

  #addCompaction(event: CompactionEvent): void {
    const start = BigInt(event.startUnixNano);
    const end = start + BigInt(event.durationNano);
    if (this.#first === undefined || start < this.#first) this.#first = start;
    if (end > this.#last) this.#last = end;
    const totals = once(event.durationNano);
    addTo(this.#all, totals);
    this.#cells.add(event);
    this.#zones.add(event);
    addTo(this.#waiting(event), totals);
    addTo(this.#stack(event), totals);
    if (this.#longest.wants(event)) this.#longest.add(cutEvent(event));
  }

  #waiting({ resource, container, executable, comm, pid, tid, trigger }: CompactionEvent): Waiting {
    const service = serviceOf(resource);
    const process = executable ?? comm;
    return this.#who.getOrMake(keyOf(service, container, process, pid, comm, tid, trigger), () => ({
      ...(service !== undefined && { service: cutText(service) }),
      ...(container !== undefined && { container: cutText(container) }),
      process: cutText(process),
      pid,
      thread: cutText(comm),
      tid,
      trigger,
      ...nothing(),
    }));
  }

  #stack({ stack, stackOmitted, resource, trigger }: CompactionEvent): StackTotals {
    const service = serviceOf(resource);
    return this.#stacks.getOrMake(keyOf(service, trigger, stackOmitted, this.#stackKey(stack)), () => ({
      frames: cutStack(stack),
      ...(stackOmitted && { omitted: stackOmitted }),
      ...(service !== undefined && { service: cutText(service) }),
      trigger,
      ...nothing(),
    }));
  }

  #stackKey(stack: readonly string[]): string {
    const known = this.#stackKeys.get(stack);
    if (known !== undefined) return known;
    const key = keyOf(stack);
    this.#stackKeys.set(stack, key);
    return key;
  }

  #addMissing({ reason, count, sumNano, longestNano, startUnixNano, durationNano }: NotRecordedEvent): void {
    const isKnown = this.#missing.has(reason) || this.#missing.size < MAX_REASONS;
    const key = isKnown ? reason : 'others';
    const start = BigInt(startUnixNano);
    const end = start + BigInt(durationNano);
    const text = isKnown ? textOf(reason) : 'other reasons';
    this.#gaps.add({ text, count, startUnixNano, durationNano });
    const row = this.#missing.get(key);
    if (!row) {
      const known = { ...(sumNano !== undefined && { sumNano }), ...(longestNano !== undefined && { longestNano }) };
      this.#missing.set(key, { reason: key, text, count, ...known, ...range(start, end) });
      return;
    }
    row.count += count;
    if (sumNano !== undefined) row.sumNano = (row.sumNano ?? 0) + sumNano;
    if (longestNano !== undefined) row.longestNano = Math.max(row.longestNano ?? 0, longestNano);
    const [from, to] = [BigInt(row.fromUnixNano), BigInt(row.toUnixNano)];
    Object.assign(row, range(start < from ? start : from, end > to ? end : to));
  }
}

/** Different values, each with a number. */
class Table<T> {
  readonly rows: T[] = [];
  readonly #numbers = new Map<string, number>();
  readonly #keyOf: (row: T) => string;

  constructor(keyOf: (row: T) => string) {
    this.#keyOf = keyOf;
  }

  numberOf(row: T): number {
    const key = this.#keyOf(row);
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    this.#numbers.set(key, this.rows.length);
    return this.rows.push(row) - 1;
  }
}

const range = (from: bigint, to: bigint) => ({ fromUnixNano: String(from), toUnixNano: String(to) });
const textOf = (reason: string) => (reason === 'rate' ? 'more than --max-spans-per-second' : reasonText(reason));
const longestFirst = (a: Totals, b: Totals) => b.sumNano - a.sumNano;

function serviceOf(resource: ResourceAttributes | undefined): string | undefined {
  const name = resource?.['service.name'];
  return typeof name === 'string' ? name : undefined;
}

/** Of a bounded size, as a recording may hold names of any. */
function keyOf(...parts: unknown[]): string {
  const key = JSON.stringify(parts);
  return key.length <= 512 ? key : createHash('sha256').update(key).digest('base64');
}

/** Times have different numbers of digits before 2001 only. */
function isEarlier(a: CompactionEvent, b: CompactionEvent): boolean {
  const [x, y] = [a.startUnixNano, b.startUnixNano];
  if (x !== y) return x.length === y.length ? x < y : BigInt(x) < BigInt(y);
  return a.spanId < b.spanId;
}
