// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import type { AgentEvent, NotRecordedEvent } from './event.ts';

/** Makes events of a recording's malformed lines: from the time of the last good line before them to that of the next one. */
export class MalformedLines {
  #count = 0;
  #first = 0;
  #last: AgentEvent | undefined;

  /** @param number of the line in the recording */
  add(number: number): void {
    if (this.#count === 0) this.#first = number;
    this.#count += 1;
  }

  /**
   * What was lost before a good line, or before the end.
   * @returns nothing where no line was malformed, or none was good: the time is not known then
   */
  before(next: AgentEvent | undefined): NotRecordedEvent[] {
    const [from, to] = [this.#last ?? next, next ?? this.#last];
    if (next) this.#last = next;
    if (this.#count === 0 || !from || !to) return [];
    const startUnixNano = from.startUnixNano;
    const distance = BigInt(to.startUnixNano) - BigInt(startUnixNano);
    const count = this.#count;
    this.#count = 0;
    // The same with every replay, as those of the other spans.
    const ids = createHash('sha256').update(`${startUnixNano} ${distance} ${this.#first} ${count}`).digest('hex');
    return [
      {
        v: 1,
        kind: 'not_recorded',
        startUnixNano: distance < 0n ? to.startUnixNano : startUnixNano,
        durationNano: Number(distance < 0n ? -distance : distance),
        count,
        reason: 'malformed',
        ...(from.host && { host: from.host }),
        traceId: ids.slice(0, 32),
        spanId: ids.slice(32, 48),
      },
    ];
  }
}
