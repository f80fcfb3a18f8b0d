// SPDX-License-Identifier: Apache-2.0
import type { Aggregates } from '../event/aggregates.ts';
import type { BooksReport } from '../event/books-report.ts';
import { type AgentEvent, type CompactionEvent, isCompaction } from '../event/event.ts';
import { cutEvent } from '../report/cut.ts';
import type { KernelSlice, ReportData } from '../report/data.ts';
import { KernelDifferences } from '../report/kernel-differences.ts';
import { LIVE_LIMITS, type LiveMore } from '../report/live.ts';
import { ReportModel } from '../report/model.ts';
import { findable, isWanted } from '../report/shown.ts';
import type { AskedStalls } from './asked-stalls.ts';

const NANOS_PER_MILLI = 1_000_000n;
/** How often the kernel's sums are read while events come and nobody looks. */
const UNWATCHED_MS = 1000;
/** Beyond, a new state is smaller than what came after the last one. */
const MAX_EVENTS = LIVE_LIMITS.stalls;

export interface FeedSources {
  version: string;
  /** The name of this host. */
  host: string;
  /** The filters of the run, as options. */
  filters: string[];
  /** Of a span in a trace backend, with {traceId} and others. */
  traceUrl?: string;
  /** Since when the kernel adds up. */
  sinceUnixNano: bigint;
  books: () => BooksReport;
  aggregates: () => Aggregates;
  /** Spans of these, as lines of OTLP/JSON. */
  spans: (events: readonly CompactionEvent[]) => Promise<string>;
}

/** What the page shows: kept and added up all the time, and made into messages only while somebody looks. */
export class Feed {
  readonly #sources: FeedSources;
  readonly #model = new ReportModel(LIVE_LIMITS);
  readonly #kernel: KernelDifferences;
  /** How many compactions have come, and the place of each of the latest among them. */
  #come = 0;
  readonly #numbers = new Map<string, number>();
  #readMs = Number.NEGATIVE_INFINITY;
  #books!: BooksReport;
  #atUnixNano = '0';
  #events: AgentEvent[] = [];
  #slices: KernelSlice[] = [];
  #isWatched = false;

  constructor(sources: FeedSources) {
    this.#sources = sources;
    this.#kernel = new KernelDifferences(sources.sinceUnixNano);
    this.#read();
  }

  add(events: readonly AgentEvent[]): void {
    this.#model.add(events);
    for (const event of events) if (isCompaction(event)) this.#number(event);
    if (this.#isWatched) {
      // One more shows that there were too many.
      const room = MAX_EVENTS + 1 - this.#events.length;
      for (const event of events.slice(0, room)) this.#events.push(isCompaction(event) ? cutEvent(event) : event);
    } else if (performance.now() - this.#readMs >= UNWATCHED_MS) this.#read();
  }

  /** All so far; `more` goes on from here. While somebody looks, call `more` before: a state is not newer than that. */
  state(): ReportData {
    if (!this.#isWatched) {
      this.#read();
      this.#forget();
      this.#isWatched = true;
    }
    const { version, host, filters, traceUrl, sinceUnixNano } = this.#sources;
    return this.#model.report({
      version,
      recording: host,
      filters,
      ...(traceUrl !== undefined && { traceUrl }),
      books: this.#books,
      live: { sinceUnixNano: String(sinceUnixNano), atUnixNano: this.#atUnixNano },
    });
  }

  /** What has come since the last time; undefined where that is more than a state. */
  more(): LiveMore | undefined {
    const before = JSON.stringify(this.#books);
    this.#read();
    const [events, slices, books] = [this.#events, this.#slices, this.#books];
    this.#forget();
    if (events.length > MAX_EVENTS) return undefined;
    return { events, slices, ...(JSON.stringify(books) !== before && { books }), atUnixNano: this.#atUnixNano };
  }

  /** The stalls that are kept in full, of those that had come to a page, and as it shows them. */
  shown({ come, ...wanted }: AskedStalls): CompactionEvent[] {
    return this.#model
      .kept()
      .filter((event) => (this.#numbers.get(keyOf(event)) ?? 0) <= come)
      .filter((event) => isWanted(findable(event, event.stack, event.resource), wanted));
  }

  spans(events: readonly CompactionEvent[]): Promise<string> {
    return this.#sources.spans(events);
  }

  /** Nobody looks any more. */
  rest(): void {
    this.#isWatched = false;
    this.#forget();
  }

  #number(event: CompactionEvent): void {
    this.#come += 1;
    this.#numbers.set(keyOf(event), this.#come);
    if (this.#numbers.size <= 2 * LIVE_LIMITS.stalls) return;
    for (const key of [...this.#numbers.keys()].slice(0, LIVE_LIMITS.stalls)) this.#numbers.delete(key);
  }

  #forget(): void {
    this.#events = [];
    this.#slices = [];
  }

  #read(): void {
    const { books, aggregates } = this.#sources;
    this.#readMs = performance.now();
    this.#books = books();
    const now = BigInt(Date.now()) * NANOS_PER_MILLI;
    this.#atUnixNano = String(now);
    const slice = this.#kernel.next(aggregates(), now);
    this.#model.addKernel(slice);
    if (slice && this.#isWatched) this.#slices.push(slice);
  }
}

const keyOf = ({ traceId, spanId }: CompactionEvent): string => traceId + spanId;
