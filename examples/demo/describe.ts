// SPDX-License-Identifier: Apache-2.0
/** The demo's summary: the stalls in a sentence or two, and one span as a trace backend shows it. */

import type { ReceivedSpan } from '../../harness/receivers/otlp.ts';
import type { CompactionEvent } from '../../src/event/event.ts';
import { duration } from '../../src/sinks/text/table.ts';

const SHOWN = [
  'compaction.order',
  'compaction.status',
  'compaction.node',
  'compaction.zone',
  'compaction.mode',
  'compaction.priority',
  'compaction.gfp_flags',
  'compaction.fragmentation_index.begin',
  'compaction.pages_scanned.migrate',
  'process.pid',
  'thread.name',
];

export function describeStalls(stalls: readonly CompactionEvent[]): string[] {
  const direct = stalls.filter(({ trigger }) => trigger === 'direct');
  const longest = longestOf(direct, ({ durationNano }) => durationNano);
  if (!longest) return [`${stalls.length} compactions, none of them direct`];
  const total = direct.reduce((sum, { durationNano }) => sum + durationNano, 0);
  const got = direct.filter(({ status }) => status === 'success').length;
  return [
    `${stalls.length} compactions, ${direct.length} of them direct: somebody waited ${duration(total)} for them in all`,
    `${got} of these made the block of memory that was asked for; the longest took ${duration(longest.durationNano)}`,
  ];
}

/** The longest direct compaction; undefined when there is none. */
export function describeSpan(spans: readonly ReceivedSpan[]): string | undefined {
  const direct = spans.filter(({ span }) => span.name === 'compaction direct');
  const longest = longestOf(direct, ({ start, end }) => Number(end - start));
  if (!longest) return undefined;
  const { span, start, end, attributes, events } = longest;
  const stack = String(events[0]?.attributes['code.stacktrace'] ?? '').split('\n');
  return [
    `${span.name}   ${duration(Number(end - start))}`,
    ...SHOWN.filter((name) => name in attributes).map((name) => `├─ ${name.padEnd(38)} ${attributes[name]}`),
    `└─ event ${events[0]?.name}`,
    ...stack.map((frame) => `     ${frame}`),
  ].join('\n');
}

function longestOf<T>(items: readonly T[], length: (item: T) => number): T | undefined {
  return items.reduce<T | undefined>((longest, item) => {
    return longest === undefined || length(item) > length(longest) ? item : longest;
  }, undefined);
}
