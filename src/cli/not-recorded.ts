// SPDX-License-Identifier: Apache-2.0
import { type AgentEvent, isCompaction, type NotRecordedEvent } from '../event/event.ts';
import { reasonText } from '../event/source-losses.ts';
import { message } from '../messages/message.ts';
import type { Output } from '../sinks/output.ts';
import { duration } from '../sinks/text/table.ts';
import type { Messages } from './messages.ts';

export const hasTable = (outputs: readonly Output[]): boolean => outputs.some(({ kind }) => kind === 'table');

/** Beside a table, which has rows of compactions only, says what the limit left out of it, and what was lost. */
export function sayNotRecorded(events: readonly AgentEvent[], messages: Messages): void {
  const lost: NotRecordedEvent[] = [];
  for (const event of events) {
    if (isCompaction(event)) continue;
    if (event.reason === 'rate') sayLeftOut(event, messages);
    else lost.push(event);
  }
  if (lost.length > 0) sayLost(lost, messages);
}

function sayLeftOut(
  { count, durationNano, sumNano = 0, longestNano = 0, limit = 0 }: NotRecordedEvent,
  messages: Messages,
): void {
  const fields = {
    compactions: count,
    noun: nounOf(count),
    window: duration(durationNano),
    limit,
    sum: duration(sumNano),
    longest: duration(longestNano),
    durationNano,
    sumNano,
    longestNano,
  };
  messages.say(message('not_recorded', fields));
}

/** All in one sentence: a source reports its losses together. */
function sayLost(events: readonly NotRecordedEvent[], messages: Messages): void {
  const counts = new Map<string, number>();
  for (const { reason, count } of events) counts.set(reason, count + (counts.get(reason) ?? 0));
  const compactions = [...counts.values()].reduce((sum, n) => sum + n, 0);
  const parts = [...counts].map(([reason, n]) => reasonText(reason) + (counts.size === 1 ? '' : ` (${n})`));
  const starts = events.map(({ startUnixNano }) => BigInt(startUnixNano));
  const ends = events.map(({ startUnixNano, durationNano }) => BigInt(startUnixNano) + BigInt(durationNano));
  const first = starts.reduce((one, other) => (other < one ? other : one));
  const last = ends.reduce((one, other) => (other > one ? other : one));
  const durationNano = Number(last - first);
  const fields = {
    compactions,
    noun: nounOf(compactions),
    window: duration(durationNano),
    reasons: parts.join(', '),
    durationNano,
    lost: Object.fromEntries(counts),
  };
  messages.say(message('compactions_lost', fields));
}

const nounOf = (count: number): string => (count === 1 ? 'compaction' : 'compactions');
