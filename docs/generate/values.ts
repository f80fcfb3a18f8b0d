// SPDX-License-Identifier: Apache-2.0
import type { StackOmission } from '../../src/event/event.ts';

/** A table of docs/attributes.md: what the words in a span mean. */
export interface ValueTable {
  title: string;
  before: string;
  rows: readonly (readonly [value: string, meaning: string])[];
}

/** `compaction.stack.omitted`. */
export const STACK_OMITTED: readonly (readonly [StackOmission, string])[] = [
  [
    'budget',
    'The compaction was too short to pay for its stack, and `--stack-budget` was used up; see [overhead.md](overhead.md#the-budget-for-stacks).',
  ],
  ['min_duration', 'The compaction was shorter than `--stack-min-duration`.'],
  ['failed', 'The kernel gave no stack.'],
];

export const VALUES: readonly ValueTable[] = [
  {
    title: 'Triggers',
    before: '`compaction.trigger`: who pays.',
    rows: [
      [
        'direct',
        'An allocation found no free block large enough, and its thread compacts memory itself. It stalls until the span ends. ' +
          'Any thread that allocates can do so, khugepaged and kernel workers included.',
      ],
      [
        'kcompactd',
        'The kernel’s background thread, woken after such an allocation. No allocation waits, but it takes CPU time, and a thread that ' +
          'touches a page while it is being moved waits briefly.',
      ],
      [
        'proactive',
        'The background thread without such a request, as `vm.compaction_proactiveness` asks (Linux 5.9 and later).',
      ],
      [
        'manual',
        'Somebody wrote to /proc/sys/vm/compact_memory or /sys/devices/system/node/nodeN/compact; the stack shows which.',
      ],
    ],
  },
  {
    title: 'Statuses',
    before:
      '`compaction.status`, the kernel’s `enum compact_result`. The same word can be good or bad: `complete` is the normal ' +
      'end of a manual compaction, but **a failure of a direct one or of kcompactd**: the whole zone was scanned and no block ' +
      'was made.',
    rows: [
      ['success', 'A block of the requested order is free now. For `proactive`: the zone is no longer too fragmented.'],
      [
        'complete',
        'The scanners met: the whole zone was scanned. Normal for `manual` and `proactive`. For `direct` and `kcompactd` it ' +
          'means that no suitable block was made.',
      ],
      [
        'partial_skipped',
        'The scanners met as well, but they started in the middle of the zone, where the last compaction had stopped. For ' +
          '`proactive` also: kswapd began to work.',
      ],
      [
        'contended',
        'The compaction gave up: a lock was contended or too many pages were being moved already (both in mode `async` only), ' +
          'there was no free page to move to, or the thread had a fatal signal.',
      ],
      [
        'not_suitable_zone, skipped, deferred, no_suitable_page, continue',
        'The kernel’s other results. They are decided before a compaction begins or inside it, and are not expected at its end.',
      ],
    ],
  },
  {
    title: 'Modes',
    before: '`compaction.mode`, the kernel’s `enum migrate_mode`.',
    rows: [
      ['async', 'Moves only what it can move without waiting, and gives up when it would block.'],
      ['sync_light', 'May wait for locks, but not for pages to be written out.'],
      ['sync', 'May wait for everything. Used by `manual`.'],
      ['sync_no_copy', 'Like `sync`, with the data copied by a device (Linux 4.14 to 6.8).'],
    ],
  },
  {
    title: 'Priorities',
    before:
      '`compaction.priority`, the kernel’s `enum compact_priority`: a direct attempt begins gently and tries harder when it ' +
      'fails.',
    rows: [
      [
        'async',
        'Usually the first try, in mode `async`. Above order 3 it is all that an allocation with `__GFP_NORETRY` gets.',
      ],
      ['sync_light', 'After reclaim, in mode `sync_light`. Up to order 3 it is also the first try for movable pages.'],
      [
        'sync_full',
        'The last, up to order 3 only: the whole zone, whatever earlier failures suggest. If it fails as well, the kernel may kill ' +
          'a process.',
      ],
    ],
  },
  {
    title: 'The active span',
    before:
      '`compaction.context.source`: which source knew the span that was active in the stalled thread when the compaction began. ' +
      'The sources are asked in this order, and the first that knows a span is taken. [contexts.md](contexts.md) compares how ' +
      'reliable they are.',
    rows: [
      [
        'thread',
        'The thread itself, by OpenTelemetry’s thread context (OTEP 4947): exactly the span that was active. The compaction is ' +
          'its child if it is known to be sampled, otherwise linked to it.',
      ],
      [
        'nodejs',
        'A Node.js application, for the asynchronous context that was running, for example with `compactstall/register`: as exact, ' +
          'and a child or linked in the same way.',
      ],
      [
        'obi',
        'OpenTelemetry eBPF Instrumentation, which saw the thread take a request: the span of that request, or of a call made in ' +
          'it. It is not known whether the span was sampled, so the compaction is always linked. The span may be that of an earlier ' +
          'request.',
      ],
    ],
  },
];
