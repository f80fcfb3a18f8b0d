// SPDX-License-Identifier: Apache-2.0
import type { NotRecordedEvent } from '../../event/event.ts';
import type { SpanAttribute } from './attributes.ts';

/** The name of the span of compactions that have none of their own, and its attributes. */
export const NOT_RECORDED_SPAN = 'compactions not recorded';
export const NOT_RECORDED_COUNT = 'compaction.not_recorded.count';

export const NOT_RECORDED_ATTRIBUTES: readonly SpanAttribute<NotRecordedEvent>[] = [
  {
    name: NOT_RECORDED_COUNT,
    type: 'int',
    unit: '{compaction}',
    meaning: 'How many compactions have no span.',
    example: '8317',
    get: (event) => event.count,
  },
  {
    name: 'compaction.not_recorded.duration',
    type: 'int',
    unit: 'ns',
    meaning: 'The sum of their durations.',
    absent: 'unless the reason is `rate`: it is not known of lost ones',
    example: '402118442',
    get: (event) => event.sumNano,
  },
  {
    name: 'compaction.not_recorded.longest',
    type: 'int',
    unit: 'ns',
    meaning: 'The longest of them.',
    absent: 'unless the reason is `rate`',
    example: '182044',
    get: (event) => event.longestNano,
  },
  {
    name: 'compaction.not_recorded.reason',
    type: 'string',
    meaning:
      'Why they have none. `rate`: there were more than `--max-spans-per-second` allows. Any other: they were lost.',
    example: 'rate',
    get: (event) => event.reason,
  },
  {
    name: 'compaction.not_recorded.limit',
    type: 'int',
    unit: '{compaction}/s',
    meaning: 'The limit, as `--max-spans-per-second` set it.',
    absent: 'unless the reason is `rate`',
    example: '200',
    get: (event) => event.limit,
  },
];
