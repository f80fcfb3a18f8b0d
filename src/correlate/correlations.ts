// SPDX-License-Identifier: Apache-2.0
import { type AgentEvent, isCompaction } from '../event/event.ts';
import type { ApplicationSpan } from './application-span.ts';
import { isOfHost } from './host.ts';
import { type Correlation, correlate } from './overlap.ts';
import type { Stalls } from './stalls.ts';
import { type OfHost, StallsByHost } from './stalls-by-host.ts';

/** A recording's stalls are in memory, some 300 bytes each. */
export const MAX_STALLS = 1_000_000;

/** What was looked at. Each span is counted once, unless it came twice and was not among the longest. */
export interface Looked {
  /** Of the chosen host. */
  stalls: number;
  /** Compactions of that host that the recording does not have: the limit left them out, or they were lost. */
  notRecorded: number;
  /** Stalls beyond MAX_STALLS. */
  leftOut: number;
  spans: number;
  /** Those of a process of this host. */
  ofHost: number;
  /** Those of this host whose tracer does not say the process. */
  withoutPid: number;
  /** Those that overlap a stall. */
  stalled: number;
}

/** The spans that were stalled for longest. First come the events, then `choose`, then the spans. */
export class Correlations {
  readonly looked: Looked = {
    ...{ stalls: 0, notRecorded: 0, leftOut: 0, spans: 0 },
    ...{ ofHost: 0, withoutPid: 0, stalled: 0 },
  };
  readonly #stalls = new StallsByHost();
  #count = 0;
  #chosen: OfHost | undefined;
  readonly #most: number;
  #longest = new Map<string, Correlation>();

  /** @param most how many spans are kept */
  constructor(most: number) {
    this.#most = most;
  }

  addEvents(events: readonly AgentEvent[]): void {
    for (const event of events) {
      if (isCompaction(event) && this.#count === MAX_STALLS) {
        this.looked.leftOut += 1;
        continue;
      }
      if (isCompaction(event)) this.#count += 1;
      this.#stalls.add(event);
    }
  }

  /** Takes the stalls of one host. @param host see StallsByHost.choose, also for the error */
  choose(host: string | undefined): Stalls {
    this.#chosen = this.#stalls.choose(host);
    this.looked.stalls = this.#chosen.stalls.count;
    this.looked.notRecorded = this.#chosen.notRecorded;
    return this.#chosen.stalls;
  }

  addSpan(span: ApplicationSpan): void {
    const { host, stalls } = this.#chosen!;
    const key = span.traceId + span.spanId;
    if (this.#longest.has(key)) return;
    const ofHost = isOfHost(span, host);
    this.looked.spans += 1;
    if (ofHost && span.pid !== undefined) this.looked.ofHost += 1;
    if (ofHost && span.pid === undefined) this.looked.withoutPid += 1;
    const found = correlate(span, stalls, ofHost);
    if (!found) return;
    this.looked.stalled += 1;
    this.#longest.set(key, found);
    if (this.#longest.size > 2 * this.#most) this.#longest = new Map(this.#sorted().slice(0, this.#most));
  }

  longest(): Correlation[] {
    return this.#sorted()
      .slice(0, this.#most)
      .map(([, found]) => found);
  }

  #sorted(): [string, Correlation][] {
    return [...this.#longest].sort(([, a], [, b]) => b.stalledNano - a.stalledNano);
  }
}
