// SPDX-License-Identifier: Apache-2.0
import { type AgentEvent, isCompaction } from '../event/event.ts';
import { message } from '../messages/message.ts';
import type { Output } from '../sinks/output.ts';
import { duration } from '../sinks/text/table.ts';
import type { Messages } from './messages.ts';

export const hasTable = (outputs: readonly Output[]): boolean => outputs.some(({ kind }) => kind === 'table');

/** Beside a table, which has rows of compactions only, says what the limit left out of it. */
export function sayNotRecorded(events: readonly AgentEvent[], messages: Messages): void {
  for (const event of events) {
    if (isCompaction(event)) continue;
    const { count, durationNano, sumNano, longestNano, limit } = event;
    const noun = count === 1 ? 'compaction' : 'compactions';
    const fields = {
      compactions: count,
      noun,
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
}
