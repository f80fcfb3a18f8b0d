// SPDX-License-Identifier: Apache-2.0
import type { ResourceAttributes } from '../protobuf/attribute.ts';

/** What made the kernel compact; docs/attributes.md explains each. */
export const TRIGGERS = ['direct', 'kcompactd', 'proactive', 'manual'] as const;
export type Trigger = (typeof TRIGGERS)[number];

/**
 * The source of the active span: the application, through OpenTelemetry's thread context or Node.js's form of it; or
 * OpenTelemetry eBPF Instrumentation, for an application that publishes nothing.
 */
export const CONTEXT_SOURCES = ['thread', 'nodejs', 'obi'] as const;
export type ContextSource = (typeof CONTEXT_SOURCES)[number];

/** The application's span that was active in the stalled thread when the compaction began. */
export interface TraceContext {
  source: ContextSource;
  traceId: string;
  spanId: string;
  /** W3C trace flags. Bit 0, sampled: 0 means not known (relation.ts). Always 0 from `obi`. */
  flags: number;
  /** What the application says of the span, by the names in its process context; absent where it says nothing. */
  attributes?: { [name: string]: string };
  /** Whether the event's span is a child of it, or the root of a separate trace that is linked to it. */
  relation: 'child' | 'link';
}

/** The host of an event. */
export interface EventHost {
  /** `host.name` and `host.id` of its spans' resource. */
  name?: string;
  id?: string;
  /** Those that the agent could only guess, as in a container. */
  guessed?: readonly ('name' | 'id')[];
}

/** Why an event has no stack although one was wanted; docs/attributes.md explains each. */
export const STACK_OMISSIONS = ['budget', 'min_duration', 'failed'] as const;
export type StackOmission = (typeof STACK_OMISSIONS)[number];

/** A zone at one instant. */
export interface ZoneState {
  /** Free pages. */
  free: number;
  /**
   * Fragmentation index for the event's order: 0 (memory is short) to 1 (memory is fragmented), -1 when a suitable
   * block was free, null where it has no meaning (order -1, compaction of the whole zone).
   */
  index: number | null;
  /** Free blocks per order, from order 0 up. */
  blocks: number[];
}

/**
 * One memory compaction: one mm_compaction_begin / mm_compaction_end pair. Sources make it, sinks take it. It is
 * JSON-safe: `JSON.stringify` of it is a line of `--output json`, and a recording consists of such lines.
 */
export interface CompactionEvent {
  v: 1;
  /** Only other events have one. */
  kind?: undefined;
  /** Begin, nanoseconds since the epoch, as a decimal string (it exceeds 2^53). */
  startUnixNano: string;
  durationNano: number;
  trigger: Trigger;
  /** The stalled process (thread group) and thread, in the PID namespace that the source saw; 0 outside of it. */
  pid: number;
  tid: number;
  /** The thread's name, at most 15 bytes. */
  comm: string;
  /** Base name of the process's executable; absent for kernel threads and for processes that have ended. */
  executable?: string;
  /** Container id from the process's cgroup path; absent outside containers. */
  container?: string;
  /**
   * The stalled process's service, with at least a `service.name`. Absent for kernel threads, and where processes cannot or
   * need not be looked up. Events of one process share one object.
   */
  resource?: ResourceAttributes;
  /** Where it happened. Absent in recordings of earlier versions. Events of one host share one object. */
  host?: EventHost;
  /** The CPU on which the compaction began; it may have ended on another. */
  cpu: number;
  /** cgroup v2 id, as a decimal string. */
  cgroupId: string;
  node: number;
  /** Zone name as the kernel spells it: DMA, DMA32, Normal, HighMem, Movable, Device. */
  zone: string;
  zoneIndex: number;
  /** Requested order: 2^order contiguous pages; -1 when the whole zone is compacted. */
  order: number;
  /** enum migrate_mode, lower case: async, sync_light, sync. */
  mode: string;
  /** enum compact_result, lower case: complete, partial_skipped, contended, success. */
  status: string;
  /** GFP flags of the allocation, as the kernel prints them: GFP_TRANSHUGE, __GFP_COMP, ... */
  gfp: string[];
  /** enum compact_priority of the direct attempt, lower case; absent for other triggers. */
  priority?: string;
  /** Joins the spans of one allocation attempt (one try_to_compact_pages call, several zones). */
  attempt?: string;
  /** The zone's effective watermarks in pages, as in /proc/zoneinfo. */
  watermark: { min: number; low: number; high: number };
  begin: ZoneState;
  end: ZoneState;
  /** Pages scanned by the migration and the free scanner. */
  scanned: { migrate: number; free: number };
  /** Kernel stack, innermost frame first, `symbol+0xoffset [module]`; empty when none was taken. */
  stack: readonly string[];
  /** Absent when the stack was taken, and when none was wanted. */
  stackOmitted?: StackOmission;
  /** Absent for kernel threads, and where no active span is known. */
  context?: TraceContext;
  /** The ids of the event's span, lower-case hex: 32 and 16 digits. */
  traceId: string;
  spanId: string;
}

/**
 * Compactions that have no event of their own: they were left out, as there were more than `--max-spans-per-second` allows, or they
 * were lost. It says how many they were within a second or so. Summed over a run, these events are exact.
 */
export interface NotRecordedEvent {
  v: 1;
  kind: 'not_recorded';
  /** At or before the begin of the first that was left out, or the loss of the first. */
  startUnixNano: string;
  /** From there to the end of the last one, or until it was known that they are lost. */
  durationNano: number;
  /** How many they were. */
  count: number;
  /** `rate`, or why they are lost (source-losses.ts). */
  reason: string;
  /** With `rate`: the sum of their durations, and the longest. Not known of lost ones. */
  sumNano?: number;
  longestNano?: number;
  /** With `rate`: compactions per second. */
  limit?: number;
  /** Where they happened, as of a compaction. */
  host?: EventHost;
  /** The ids of the span that reports it. */
  traceId: string;
  spanId: string;
}

/** Everything that sources make and sinks take. */
export type AgentEvent = CompactionEvent | NotRecordedEvent;

export const isCompaction = (event: AgentEvent): event is CompactionEvent => event.kind === undefined;
