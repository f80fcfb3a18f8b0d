// SPDX-License-Identifier: Apache-2.0
import type { CompactionEvent } from '../../event/event.ts';
import { sampled } from '../../event/relation.ts';

/** OTLP value types; `double` stays one on the wire for integral values as well. */
export type AttributeType = 'string' | 'int' | 'double' | 'int[]';

export interface SpanAttribute<E = CompactionEvent> {
  name: string;
  type: AttributeType;
  unit?: string;
  meaning: string;
  example: string;
  /** When the attribute is absent; without it, it never is. */
  absent?: string;
  /** Taken from OpenTelemetry's semantic conventions. */
  semconv?: true;
  get(event: E): string | number | readonly number[] | null | undefined;
}

/** Every attribute of a compaction's span, each name once. docs/attributes.md is made from this table. */
export const SPAN_ATTRIBUTES: readonly SpanAttribute[] = [
  {
    name: 'compaction.trigger',
    type: 'string',
    meaning: 'What made the kernel compact; see [Triggers](#triggers).',
    example: 'direct',
    get: (event) => event.trigger,
  },
  {
    name: 'compaction.status',
    type: 'string',
    meaning: 'How the compaction ended; see [Statuses](#statuses).',
    example: 'success',
    get: (event) => event.status,
  },
  {
    name: 'compaction.node',
    type: 'int',
    meaning: 'NUMA node of the zone.',
    example: '0',
    get: (event) => event.node,
  },
  {
    name: 'compaction.zone',
    type: 'string',
    meaning: 'Memory zone, as the kernel spells it: `DMA`, `DMA32`, `Normal`, `HighMem`, `Movable`, `Device`.',
    example: 'Normal',
    get: (event) => event.zone,
  },
  {
    name: 'compaction.order',
    type: 'int',
    meaning:
      'Requested order: 2^order contiguous pages (9: 2 MiB with pages of 4 KiB). -1: the whole zone is compacted. On Linux 7.2 ' +
      'and later, `vm.defrag_mode=1` can raise it above the request.',
    example: '9',
    get: (event) => event.order,
  },
  {
    name: 'compaction.mode',
    type: 'string',
    meaning: 'How far the kernel may go to move a page; see [Modes](#modes).',
    example: 'sync_light',
    get: (event) => event.mode,
  },
  {
    name: 'compaction.gfp_flags',
    type: 'string',
    meaning: "The allocation's GFP flags, as the kernel prints them, joined with `|`.",
    example: 'GFP_TRANSHUGE|__GFP_COMP',
    get: (event) => event.gfp.join('|'),
  },
  {
    name: 'compaction.priority',
    type: 'string',
    meaning: 'How hard the allocation tries; see [Priorities](#priorities).',
    example: 'async',
    absent: 'for triggers other than `direct`',
    get: (event) => event.priority,
  },
  {
    name: 'compaction.attempt',
    type: 'string',
    meaning: 'Joins the spans of one allocation attempt, which may compact several zones one after the other.',
    example: '24380-1795441812325118373',
    absent: 'where the attempt is not known',
    get: (event) => event.attempt,
  },
  {
    name: 'compaction.watermark.min',
    type: 'int',
    unit: '{page}',
    meaning: "The zone's effective min watermark, as in /proc/zoneinfo. Below it only urgent allocations succeed.",
    example: '11284',
    get: (event) => event.watermark.min,
  },
  {
    name: 'compaction.watermark.low',
    type: 'int',
    unit: '{page}',
    meaning: "The zone's low watermark: below it kswapd is woken.",
    example: '14105',
    get: (event) => event.watermark.low,
  },
  {
    name: 'compaction.watermark.high',
    type: 'int',
    unit: '{page}',
    meaning: "The zone's high watermark: kswapd reclaims up to it.",
    example: '16926',
    get: (event) => event.watermark.high,
  },
  {
    name: 'compaction.free_pages.begin',
    type: 'int',
    unit: '{page}',
    meaning: 'Free pages of the zone when the compaction began.',
    example: '14193',
    get: (event) => event.begin.free,
  },
  {
    name: 'compaction.free_pages.end',
    type: 'int',
    unit: '{page}',
    meaning: 'Free pages of the zone when the compaction ended.',
    example: '15217',
    get: (event) => event.end.free,
  },
  {
    name: 'compaction.fragmentation_index.begin',
    type: 'double',
    unit: '1',
    meaning:
      "Fragmentation index of the zone for the span's order when the compaction began. Towards 0 an allocation would fail " +
      'for lack of memory, towards 1 because of fragmentation. -1: a suitable block was free.',
    example: '0.728',
    absent: 'where it has no meaning: order -1',
    get: (event) => event.begin.index,
  },
  {
    name: 'compaction.fragmentation_index.end',
    type: 'double',
    unit: '1',
    meaning: 'The same index when the compaction ended.',
    example: '-1.0',
    absent: 'where it has no meaning: order -1',
    get: (event) => event.end.index,
  },
  {
    name: 'compaction.free_blocks.begin',
    type: 'int[]',
    unit: '{block}',
    meaning: 'Free blocks of the zone per order, from order 0 up, when the compaction began (compare /proc/buddyinfo).',
    example: '[4211, 1302, 377, 90, 12, 3, 0, 0, 0, 0, 0]',
    get: (event) => event.begin.blocks,
  },
  {
    name: 'compaction.free_blocks.end',
    type: 'int[]',
    unit: '{block}',
    meaning: 'The same blocks when the compaction ended.',
    example: '[3890, 1288, 402, 101, 19, 6, 2, 1, 1, 1, 0]',
    get: (event) => event.end.blocks,
  },
  {
    name: 'compaction.pages_scanned.migrate',
    type: 'int',
    unit: '{page}',
    meaning:
      'Pages that the migration scanner looked at. The sum over all spans is `compact_migrate_scanned` in /proc/vmstat.',
    example: '512',
    get: (event) => event.scanned.migrate,
  },
  {
    name: 'compaction.pages_scanned.free',
    type: 'int',
    unit: '{page}',
    meaning: 'Pages that the free scanner looked at. The sum over all spans is `compact_free_scanned`.',
    example: '2048',
    get: (event) => event.scanned.free,
  },
  {
    name: 'compaction.stack.omitted',
    type: 'string',
    meaning:
      'Why there is no kernel stack: `budget`, `min_duration` or `failed`; see [The kernel stack](#the-kernel-stack).',
    example: 'budget',
    absent: 'where the stack was taken, and where none was wanted',
    get: (event) => event.stackOmitted,
  },
  {
    name: 'compaction.cgroup.id',
    type: 'string',
    meaning:
      "Id of the stalled thread's cgroup (version 2), which is the inode number of its directory. Decimal; it may exceed 2^53.",
    example: '4711',
    get: (event) => event.cgroupId,
  },
  {
    name: 'process.pid',
    type: 'int',
    meaning: 'The stalled process.',
    example: '24376',
    absent: "outside of the agent's PID namespace",
    semconv: true,
    get: (event) => event.pid || undefined,
  },
  {
    name: 'process.executable.name',
    type: 'string',
    meaning: "Base name of the stalled process's executable.",
    example: 'summ',
    absent: 'for kernel threads and for processes that have ended',
    semconv: true,
    get: (event) => event.executable,
  },
  {
    name: 'compaction.context.source',
    type: 'string',
    meaning:
      'Which source knew the active span of the stalled thread: `thread`, `nodejs` or `obi`; see [The active span](#the-active-span).',
    example: 'nodejs',
    absent: 'where no active span is known',
    get: (event) => event.context?.source,
  },
  {
    name: 'compaction.context.sampled',
    type: 'string',
    meaning:
      'Whether the application samples that span: `true`, or `unknown`. Trace flags of 0 say nothing, as some tracers publish them before they decide; see [contexts.md](contexts.md#by-language-and-tracer).',
    example: 'true',
    absent: 'where no active span is known',
    get: ({ context }) => context && sampled(context),
  },
  {
    name: 'thread.id',
    type: 'int',
    meaning: "The stalled thread: the kernel's TID.",
    example: '24380',
    absent: "outside of the agent's PID namespace",
    semconv: true,
    get: (event) => event.tid || undefined,
  },
  {
    name: 'thread.name',
    type: 'string',
    meaning: 'Name of the stalled thread, at most 15 bytes.',
    example: 'summ',
    semconv: true,
    get: (event) => event.comm,
  },
  {
    name: 'cpu.logical_number',
    type: 'int',
    meaning: 'CPU on which the compaction began. It may have ended on another.',
    example: '1',
    semconv: true,
    get: (event) => event.cpu,
  },
  {
    name: 'container.id',
    type: 'string',
    meaning: "Container of the stalled process, from its cgroup's path.",
    example: '4a1f6f2b9c0d',
    absent: 'outside containers',
    semconv: true,
    get: (event) => event.container,
  },
];

/** The kernel stack: on the span event, on the span, on both or on none, as `--stack` says. */
export const STACK_ATTRIBUTE = 'code.stacktrace';
export const STACK_EVENT = 'kernel.stack';

/** Span names: `compaction direct`, `compaction kcompactd`, `compaction proactive`, `compaction manual`. */
export const SPAN_NAME_PREFIX = 'compaction';
