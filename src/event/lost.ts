// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto';
import { type AgentEvent, type EventHost, isCompaction, type NotRecordedEvent } from './event.ts';

/** Compactions that were lost: how many, from the begin of the first to the end of the last. Epoch time. */
export interface Lost {
  compactions: number;
  fromUnixNs: bigint;
  toUnixNs: bigint;
  /** Where that is known; of several the first. */
  host?: EventHost | undefined;
}

/** How many compactions an event stands for, and when they were. */
export function lostWith(event: AgentEvent): Lost {
  const fromUnixNs = BigInt(event.startUnixNano);
  const compactions = isCompaction(event) ? 1 : event.count;
  return { compactions, fromUnixNs, toUnixNs: fromUnixNs + BigInt(event.durationNano), host: event.host };
}

/** Both together. */
export const together = (a: Lost, b: Lost): Lost => ({
  compactions: a.compactions + b.compactions,
  fromUnixNs: a.fromUnixNs < b.fromUnixNs ? a.fromUnixNs : b.fromUnixNs,
  toUnixNs: a.toUnixNs > b.toUnixNs ? a.toUnixNs : b.toUnixNs,
  host: a.host ?? b.host,
});

/** What was lost and is not reported yet, by reason. */
export class Unreported {
  #lost = new Map<string, Lost>();

  get isEmpty(): boolean {
    return this.#lost.size === 0;
  }

  add(reason: string, lost: Lost): void {
    const known = this.#lost.get(reason);
    this.#lost.set(reason, known ? together(known, lost) : lost);
  }

  /** The events that report all of it, one for each reason. Whoever loses one of them adds it again. */
  take(): NotRecordedEvent[] {
    const lost = [...this.#lost];
    this.#lost.clear();
    return lost.map(([reason, one]) => notRecorded(reason, one));
  }
}

/** An event with new ids that reports them. */
export function notRecorded(reason: string, { compactions, fromUnixNs, toUnixNs, host }: Lost): NotRecordedEvent {
  const ids = randomBytes(24).toString('hex');
  return {
    v: 1,
    kind: 'not_recorded',
    startUnixNano: fromUnixNs.toString(),
    durationNano: Number(toUnixNs - fromUnixNs),
    count: compactions,
    reason,
    ...(host && { host }),
    traceId: ids.slice(0, 32),
    spanId: ids.slice(32),
  };
}
