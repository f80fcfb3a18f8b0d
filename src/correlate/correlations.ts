// SPDX-License-Identifier: Apache-2.0
import { type AgentEvent, isCompaction } from '../event/event.ts';
import type { ApplicationSpan } from './application-span.ts';
import { type Host, isOfHost } from './host.ts';
import { type Correlation, correlate } from './overlap.ts';
import { Stalls } from './stalls.ts';

/** A recording's stalls are in memory, some 300 bytes each. */
export const MAX_STALLS = 1_000_000;

/** What was looked at. Each span is counted once, unless it came twice and was not among the longest. */
export interface Looked {
  stalls: number;
  /** Compactions that the recording does not have: the limit left them out, or they were lost. */
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

/** The spans that were stalled for longest. */
export class Correlations {
  readonly stalls = new Stalls();
  readonly looked: Looked = {
    ...{ stalls: 0, notRecorded: 0, leftOut: 0, spans: 0 },
    ...{ ofHost: 0, withoutPid: 0, stalled: 0 },
  };
  readonly #host: Host;
  readonly #most: number;
  #longest = new Map<string, Correlation>();

  /** @param most how many spans are kept */
  constructor(host: Host, most: number) {
    this.#host = host;
    this.#most = most;
  }

  addEvents(events: readonly AgentEvent[]): void {
    for (const event of events) {
      if (!isCompaction(event)) this.looked.notRecorded += event.count;
      else if (this.stalls.count === MAX_STALLS) this.looked.leftOut += 1;
      else this.stalls.add(event);
    }
    this.looked.stalls = this.stalls.count;
  }

  /** Called when all events are there. */
  addSpan(span: ApplicationSpan): void {
    const key = span.traceId + span.spanId;
    if (this.#longest.has(key)) return;
    const ofHost = isOfHost(span, this.#host);
    this.looked.spans += 1;
    if (ofHost && span.pid !== undefined) this.looked.ofHost += 1;
    if (ofHost && span.pid === undefined) this.looked.withoutPid += 1;
    const found = correlate(span, this.stalls, ofHost);
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
