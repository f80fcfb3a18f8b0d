// SPDX-License-Identifier: Apache-2.0
import type { BooksReport } from '../event/books-report.ts';
import { type AgentEvent, type CompactionEvent, isCompaction, type NotRecordedEvent } from '../event/event.ts';
import { reasonText } from '../event/source-losses.ts';
import { Lru } from '../lru.ts';
import type { ResourceAttributes } from '../protobuf/attribute.ts';
import { cutEvent, cutStack, cutText } from './cut.ts';
import type { Gap, KernelSlice, LiveState, MissingRow, ReportData, StackRow, Totals, Waiting } from './data.ts';
import { First } from './first.ts';
import { Hosts } from './hosts.ts';
import { eventsOf, stacksOf, Tables } from './kept-stalls.ts';
import { Slices } from './slices.ts';
import { Cells } from './time-cells.ts';
import { addTo, nothing, once } from './totals.ts';
import { ZoneHistories } from './zone-histories.ts';

export interface ReportLimits {
  /** Stalls in full. */
  stalls: number;
  /** Which ones these are. */
  keeps: 'longest' | 'latest';
  /** Rows of who waited. */
  who: number;
  /** Different stacks, by service and trigger. */
  stacks: number;
}

const LIMITS: ReportLimits = { stalls: 5000, keeps: 'longest', who: 3000, stacks: 2000 };
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
  isPart?: true;
  live?: LiveState;
}

/** Adds up events for a report, in memory that does not grow with their number. All sums are exact. */
export class ReportModel {
  readonly #all = nothing();
  readonly #hosts = new Hosts();
  readonly #cells = new Cells();
  readonly #zones = new ZoneHistories();
  readonly #who: Lru<string, Waiting>;
  readonly #whoOthers = nothing();
  readonly #stacks: Lru<string, StackTotals>;
  readonly #stacksOthers = nothing();
  /** A recording has one array for equal stacks: its key is made once. */
  readonly #stackKeys = new WeakMap<readonly string[], string>();
  readonly #kept: First<CompactionEvent>;
  readonly #missing = new Map<string, MissingRow>();
  readonly #gaps = new First<Gap>(MAX_GAPS, (a, b) => a.count > b.count);
  /** Absent until the kernel's sums are known. */
  #slices: Slices | undefined;
  #first: bigint | undefined;
  #last = 0n;

  constructor(limits: Partial<ReportLimits> = {}) {
    const { stalls, keeps, who, stacks } = { ...LIMITS, ...limits };
    this.#who = new Lru(who, (_key, row) => addTo(this.#whoOthers, row));
    this.#stacks = new Lru(stacks, (_key, row) => addTo(this.#stacksOthers, row));
    this.#kept = new First(stalls, keeps === 'latest' ? (a, b) => isEarlier(b, a) : isLonger);
  }

  /** A model that goes on from a report of another one. */
  static from(data: ReportData, limits: Partial<ReportLimits> = {}): ReportModel {
    const model = new ReportModel(limits);
    model.#goOn(data);
    return model;
  }

  add(events: readonly AgentEvent[]): void {
    for (const event of events) {
      if (isCompaction(event)) this.#addCompaction(event);
      else this.#addMissing(event);
    }
  }

  report(head: ReportHead): ReportData {
    const tables = new Tables();
    const stalls = this.kept().map((event) => tables.kept(event, this.#hosts.numberOf(event.host)));
    const stacks = [...this.#stacks.values()]
      .map(({ frames, ...row }): StackRow => ({ stack: tables.stackOf(frames), ...row }))
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
      ...tables.report(),
      hosts: [...this.#hosts.rows],
      notRecorded: [...this.#missing.values()],
      gaps: this.#gaps.items().toSorted((a, b) => (BigInt(a.startUnixNano) < BigInt(b.startUnixNano) ? -1 : 1)),
      ...(this.#slices && { kernel: this.#slices.report() }),
    };
  }

  /** The stalls that are kept in full, in order of time. */
  kept(): CompactionEvent[] {
    return this.#kept.items().toSorted((a, b) => (isEarlier(a, b) ? -1 : 1));
  }

  /** Adds what the kernel has added up since the last time; nothing, where that is so. */
  addKernel(slice: KernelSlice | undefined): void {
    this.#slices ??= new Slices();
    if (slice) this.#slices.add(slice);
  }

  #goOn(data: ReportData): void {
    addTo(this.#all, data.all);
    for (const host of data.hosts) this.#hosts.numberOf(host);
    if (data.all.count > 0) [this.#first, this.#last] = [BigInt(data.startUnixNano), BigInt(data.endUnixNano)];
    this.#cells.goOn(data.cells);
    this.#zones.goOn(data.zones, data.zonesLeftOut);
    // Those that waited longest make room last.
    for (const row of data.who.toReversed()) this.#who.set(whoKey(row), { ...row });
    if (data.whoOthers) addTo(this.#whoOthers, data.whoOthers);
    const stacks = stacksOf(data);
    for (const { stack, ...row } of data.stacks.toReversed()) {
      const frames = stacks[stack] ?? [];
      this.#stacks.set(stackKey(row, keyOf(frames)), { ...row, frames });
    }
    if (data.stacksOthers) addTo(this.#stacksOthers, data.stacksOthers);
    for (const event of eventsOf(data)) this.#kept.add(event);
    for (const row of data.notRecorded) this.#missing.set(row.reason, { ...row });
    for (const gap of data.gaps) this.#gaps.add(gap);
    if (!data.kernel) return;
    this.#slices = new Slices();
    this.#slices.goOn(data.kernel);
  }

  #addCompaction(event: CompactionEvent): void {
    const start = BigInt(event.startUnixNano);
    const end = start + BigInt(event.durationNano);
    if (this.#first === undefined || start < this.#first) this.#first = start;
    if (end > this.#last) this.#last = end;
    const totals = once(event.durationNano);
    addTo(this.#all, totals);
    this.#cells.add(event);
    const host = this.#hosts.numberOf(event.host);
    this.#zones.add(event, host);
    addTo(this.#waiting(event, host), totals);
    addTo(this.#stack(event), totals);
    if (this.#kept.wants(event)) this.#kept.add(cutEvent(event));
  }

  #waiting(event: CompactionEvent, host: number | undefined): Waiting {
    const { resource, container, executable, comm, pid, tid, trigger } = event;
    const service = serviceOf(resource);
    const who = {
      ...(host !== undefined && { host }),
      ...(service !== undefined && { service: cutText(service) }),
      ...(container !== undefined && { container: cutText(container) }),
      process: cutText(executable ?? comm),
      pid,
      thread: cutText(comm),
      tid,
      trigger,
    };
    return this.#who.getOrMake(whoKey(who), () => ({ ...who, ...nothing() }));
  }

  #stack({ stack, stackOmitted, resource, trigger }: CompactionEvent): StackTotals {
    const service = serviceOf(resource);
    const of = {
      ...(stackOmitted && { omitted: stackOmitted }),
      ...(service !== undefined && { service: cutText(service) }),
      trigger,
    };
    return this.#stacks.getOrMake(stackKey(of, this.#stackKey(stack)), () => ({
      ...of,
      frames: cutStack(stack),
      ...nothing(),
    }));
  }

  #stackKey(stack: readonly string[]): string {
    const known = this.#stackKeys.get(stack);
    if (known !== undefined) return known;
    const key = keyOf(cutStack(stack));
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

const range = (from: bigint, to: bigint) => ({ fromUnixNano: String(from), toUnixNano: String(to) });
const textOf = (reason: string) => (reason === 'rate' ? 'more than --max-spans-per-second' : reasonText(reason));
const longestFirst = (a: Totals, b: Totals) => b.sumNano - a.sumNano;

function serviceOf(resource: ResourceAttributes | undefined): string | undefined {
  const name = resource?.['service.name'];
  return typeof name === 'string' ? name : undefined;
}

/** Texts that are in it are cut: it does not grow with what a recording holds. */
const keyOf = (...parts: unknown[]): string => JSON.stringify(parts);

const whoKey = ({ host, service, container, process, pid, thread, tid, trigger }: Omit<Waiting, keyof Totals>) =>
  keyOf(host, service, container, process, pid, thread, tid, trigger);

const stackKey = ({ service, trigger, omitted }: Omit<StackRow, keyof Totals | 'stack'>, frames: string): string =>
  keyOf(service, trigger, omitted, frames);

/** Of equally long ones the earliest, whatever their order in the file. */
const isLonger = (a: CompactionEvent, b: CompactionEvent): boolean =>
  a.durationNano > b.durationNano || (a.durationNano === b.durationNano && isEarlier(a, b));

/** Times have different numbers of digits before 2001 only. */
function isEarlier(a: CompactionEvent, b: CompactionEvent): boolean {
  const [x, y] = [a.startUnixNano, b.startUnixNano];
  if (x !== y) return x.length === y.length ? x < y : BigInt(x) < BigInt(y);
  return a.spanId < b.spanId;
}
