// SPDX-License-Identifier: Apache-2.0
/** What the words in a span mean, for docs/attributes.md. */
export interface ValueTable {
  title: string;
  before: string;
  rows: readonly (readonly [value: string, meaning: string])[];
}

export const VALUES: readonly ValueTable[] = [
  {
    title: 'Triggers',
    before: '`compaction.trigger`: who pays.',
    rows: [
      [
        'direct',
        'An allocation found no free block large enough and compacts itself: the thread stalls until the span ends. ' +
          'Any thread that allocates, khugepaged and kernel workers included.',
      ],
      [
        'kcompactd',
        'The kernel’s background thread, woken after such an allocation. Nobody waits, but it takes CPU time.',
      ],
      ['proactive', 'The background thread on its own account, as `vm.compaction_proactiveness` asks (5.9 and later).'],
      [
        'manual',
        'Somebody wrote to /proc/sys/vm/compact_memory or /sys/devices/system/node/nodeN/compact; the stack tells which.',
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
      ['success', 'A block of the order asked for is free now; for `proactive`: the zone is little enough fragmented.'],
      [
        'complete',
        'The scanners met: the whole zone was scanned. Normal for `manual` and `proactive`; for `direct` and `kcompactd` it ' +
          'means that no suitable block was made.',
      ],
      [
        'partial_skipped',
        'The scanners met as well, but they started in the middle of the zone, where the last compaction had stopped; for ' +
          '`proactive` also: kswapd began to work.',
      ],
      [
        'contended',
        'Given up: a lock was contended, the thread had to be rescheduled in mode `async`, or it was killed.',
      ],
      [
        'not_suitable_zone, skipped, deferred, no_suitable_page, continue',
        'The kernel’s other results. They are decided before a compaction begins or inside it and are not expected at its end.',
      ],
    ],
  },
  {
    title: 'Modes',
    before: '`compaction.mode`, the kernel’s `enum migrate_mode`.',
    rows: [
      ['async', 'Moves only what can be moved without waiting; gives up when it would block.'],
      ['sync_light', 'May wait for locks, but not for pages to be written out.'],
      ['sync', 'May wait for everything. Used by `manual`.'],
      ['sync_no_copy', 'As `sync`, the data being copied by a device (4.14 to 6.8).'],
    ],
  },
  {
    title: 'Priorities',
    before:
      '`compaction.priority`, the kernel’s `enum compact_priority`: a direct attempt begins gently and tries harder when it ' +
      'fails.',
    rows: [
      ['async', 'The first attempt: mode `async`.'],
      ['sync_light', 'The next: mode `sync_light`.'],
      ['sync_full', 'The last: the whole zone, no hints of earlier failures heeded.'],
    ],
  },
  {
    title: 'The active span',
    before:
      '`compaction.context.source`: who said which span was active in the stalled thread when the compaction began; asked in this ' +
      'order, the first that knows one is taken. [contexts.md](contexts.md) says how far each is to be relied on.',
    rows: [
      [
        'thread',
        'The thread itself, by OpenTelemetry’s thread context (OTEP 4947): exactly the span that was active. The compaction is ' +
          'its child if it was sampled, else linked to it.',
      ],
      [
        'nodejs',
        'A Node.js application, for the asynchronous context that was running, such as with `compactstall/register`: as exact, ' +
          'child or linked as above.',
      ],
      [
        'obi',
        'OpenTelemetry eBPF Instrumentation, which saw the thread take a request: the span of that request, or of a call made in ' +
          'it. Whether it was sampled is not known, so it is always linked; it may be that of an earlier request.',
      ],
    ],
  },
];
