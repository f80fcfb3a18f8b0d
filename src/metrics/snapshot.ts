// SPDX-License-Identifier: Apache-2.0
import type { Aggregates } from '../event/aggregates.ts';
import type { Equation } from '../event/books.ts';
import type { CgroupNames } from './cgroup-names.ts';
import type { ProcessUse } from './process-use.ts';
import type { VmSettings } from './vm-settings.ts';
import type { ZoneBlocks } from './zones.ts';

/** What the running agent knows of itself and of the kernel's aggregates. */
export interface AgentState {
  aggregates: Aggregates;
  books: readonly Equation[];
  /** The kernel's ring buffer. */
  ring: { usedBytes: number; sizeBytes: number };
  /** Run times are 0 where the kernel does not measure them. */
  programs: readonly { name: string; runCount: number; runTimeNs: number }[];
  /** Spans that wait for the collector; absent when none are sent. */
  queued?: number;
  /** The process that has started the prober; absent without one. */
  supervisor?: number;
}

/** All that metrics are made of, at one time: data only. */
export interface Snapshot extends Omit<AgentState, 'queued' | 'supervisor'> {
  cgroups: Pick<CgroupNames, 'of'>;
  zones: readonly ZoneBlocks[];
  settings: VmSettings;
  /** Spans that wait for the collector; absent when none are sent. */
  queue?: { spans: number; capacity: number };
  processes: readonly ProcessUse[];
  /** Earlier exports over OTLP; absent without them. */
  exports?: { delivered: number; failed: number };
}
