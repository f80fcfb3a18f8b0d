// SPDX-License-Identifier: Apache-2.0
/** What a report holds: the data of its page. JSON-safe. Its size does not depend on the number of compactions. */
import type { BooksReport } from '../event/books-report.ts';
import type { CompactionEvent, EventHost, Trigger } from '../event/event.ts';
import type { ResourceAttributes } from '../protobuf/attribute.ts';

/** Buckets from each power of two to the next, as in an exponential histogram of OTLP: two. */
export const HISTOGRAM_SCALE = 1;
/** The bucket of durations that are zero. */
export const ZERO_BUCKET = -999;

/** Hosts beyond these have no number. */
export const MAX_HOSTS = 1000;

/** The number of a trigger that is not known, as the kernel had no room for another row. */
export const UNKNOWN_TRIGGER = -1;

export interface Totals {
  count: number;
  sumNano: number;
  longestNano: number;
}

export interface ReportData {
  v: 1;
  /** The version of compactstall that made it. */
  version: string;
  /** The recording's name, without its folder. */
  recording: string;
  /** The filters that the report was made with, as options; empty for none. */
  filters: string[];
  /** Of a span in a trace backend, with {traceId} and others; absent without `--trace-url`. */
  traceUrl?: string;
  /** From the begin of the first compaction to the end of the last one; '0' without any. */
  startUnixNano: string;
  endUnixNano: string;
  /** Of all compactions with an event. */
  all: Totals;
  cells: TimeCells;
  who: Waiting[];
  /** Of those for which there was no row. */
  whoOthers?: Totals;
  stacks: StackRow[];
  stacksOthers?: Totals;
  zones: ZoneHistory[];
  /** Compactions of zones for which there was no place. */
  zonesLeftOut: number;
  /** The longest compactions, in order of time. The others are in the sums only. */
  stalls: KeptStall[];
  /** Tables that the rows of `stalls` and `stacks` name by number. */
  frames: string[];
  stackTable: number[][];
  resources: ResourceAttributes[];
  /** Those of all compactions, in the order in which they came. */
  hosts: EventHost[];
  /** What has no event, by reason. */
  notRecorded: MissingRow[];
  /** When that was: the intervals with most of it. */
  gaps: Gap[];
  books: BooksReport;
  /** Where the recording was not read to its end. */
  isPart?: true;
  /**
   * All compactions as the kernel has added them up, by time, whatever filters and limits have left out; absent where there is only a
   * recording.
   */
  kernel?: KernelSlice[];
  /** Of the page of a running agent; absent in a report. */
  live?: LiveState;
}

export interface LiveState {
  /** Since when compactions are counted, and when all of this was read. */
  sinceUnixNano: string;
  atUnixNano: string;
}

/** What the kernel has added up from one read to the next. Buckets are those of TimeCells, triggers numbers of TRIGGERS. */
export interface KernelSlice {
  fromUnixNano: string;
  toUnixNano: string;
  counts: [trigger: number, bucket: number, count: number][];
  sums: [trigger: number, sumNano: number][];
}

/** A time in which compactions have no event. */
export interface Gap {
  /** As in MissingRow. */
  text: string;
  count: number;
  startUnixNano: string;
  durationNano: number;
}

/** Sums by time, service, trigger and duration: all compactions are in them. */
export interface TimeCells {
  /** The begin of bin 0, and the width of each. */
  originUnixNano: string;
  widthNano: number;
  /** null: not known. The last one stands for all services beyond the limit, if `othersService` is its number. */
  services: (string | null)[];
  othersService?: number;
  triggers: readonly Trigger[];
  /** Each: bin, service, trigger (by number), bucket, count, sum in nanoseconds. */
  rows: [bin: number, service: number, trigger: number, bucket: number, count: number, sumNano: number][];
}

/** Who waited: the compactions of one thread by one trigger. */
export interface Waiting extends Totals {
  /** Its number in `hosts`; absent for none. */
  host?: number;
  service?: string;
  container?: string;
  /** Base name of the executable, or the thread's name where that is not known. */
  process: string;
  pid: number;
  thread: string;
  tid: number;
  trigger: Trigger;
}

export interface StackRow extends Totals {
  /** Its number in `stackTable`; -1 where none was taken. */
  stack: number;
  /** Why none was taken. */
  omitted?: string;
  service?: string;
  trigger: Trigger;
}

export interface ZoneHistory {
  /** As of Waiting. */
  host?: number;
  node: number;
  zone: string;
  originUnixNano: string;
  widthNano: number;
  bins: ZoneBin[];
}

/** Sums over the compactions of a zone within a bin of time; divided by a count, they are means. */
export interface ZoneBin {
  bin: number;
  count: number;
  freeBegin: number;
  freeEnd: number;
  /** Of those whose fragmentation index has a meaning at begin and end. */
  indexed: number;
  indexBegin: number;
  indexEnd: number;
  /** Free blocks by order. */
  blocksBegin: number[];
  blocksEnd: number[];
}

/** A compaction with an event, in full. Long texts are cut. */
export interface KeptStall extends Omit<CompactionEvent, 'v' | 'kind' | 'stack' | 'resource' | 'host'> {
  /** Its number in `stackTable`; -1 for none. */
  stack: number;
  /** Its number in `resources`; absent for none. */
  resource?: number;
  /** Its number in `hosts`; absent for none. */
  host?: number;
}

export interface MissingRow {
  reason: string;
  /** The same for people. */
  text: string;
  /** Compactions. */
  count: number;
  /** With `rate`: the sum of their durations, and the longest. */
  sumNano?: number;
  longestNano?: number;
  fromUnixNano: string;
  toUnixNano: string;
}
