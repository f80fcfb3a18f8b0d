// SPDX-License-Identifier: Apache-2.0
import type { CompactionEvent } from '../event/event.ts';
import type { Exemplar } from './metric.ts';

/** For each series, some to choose from: a backend may not have each span. */
const MOST = 3;
const NANOS = 1e9;

/** What the compactions of one series have in common. */
export type Series = Pick<CompactionEvent, 'trigger' | 'node' | 'zone' | 'order' | 'status'>;

/** The exemplars of a series, the longest first. */
export type ExemplarsOf = (series: Series) => readonly Exemplar[];

const keyOf = ({ trigger, node, zone, order, status }: Series): string =>
  `${trigger} ${node} ${zone} ${order} ${status}`;

/** The longest compactions of each series since they were last taken, of those that have become spans. */
export class Exemplars {
  #longest = new Map<string, Exemplar[]>();
  #taken = new Map<string, Exemplar[]>();

  add(events: readonly CompactionEvent[]): void {
    for (const event of events) {
      const { traceId, spanId, startUnixNano, durationNano } = event;
      const key = keyOf(event);
      const known = this.#longest.get(key);
      const seconds = durationNano / NANOS;
      if (known?.length === MOST && seconds <= known[MOST - 1]!.seconds) continue;
      const timeUnixNano = BigInt(startUnixNano) + BigInt(durationNano);
      this.#insert(key, { traceId, spanId, seconds, timeUnixNano });
    }
  }

  /** Takes all away. */
  take(): ExemplarsOf {
    const taken = this.#longest;
    this.#longest = new Map();
    this.#taken = taken;
    return (series) => taken.get(keyOf(series)) ?? [];
  }

  /** Puts back what was taken last, because it did not arrive. */
  putBack(): void {
    for (const [key, exemplars] of this.#taken) for (const exemplar of exemplars) this.#insert(key, exemplar);
    this.#taken = new Map();
  }

  #insert(key: string, exemplar: Exemplar): void {
    const longest = [...(this.#longest.get(key) ?? []), exemplar].sort((a, b) => b.seconds - a.seconds);
    this.#longest.set(key, longest.slice(0, MOST));
  }
}
