// SPDX-License-Identifier: Apache-2.0
import { BOOKS } from '../abi.generated.ts';
import type { Filter } from './selection.ts';

/** The counters of struct books (bpf/event.h), under the same names. */
export type KernelBooks = Record<keyof typeof BOOKS, number>;

export function decodeKernelBooks(bytes: Buffer): KernelBooks {
  const entries = Object.entries(BOOKS).map(([name, { offset }]) => [name, Number(bytes.readBigInt64LE(offset))]);
  return Object.fromEntries(entries) as KernelBooks;
}

/** Probes of processes, which look for the place where its threads publish their contexts: all, and their results. */
export interface ProbeCounters {
  made: number;
  /** Under way. */
  open: number;
  publishing: number;
  /** By the reason, `no_answer` or one of prober/thread-context/reason.ts. */
  without: Record<string, number>;
}

/** A source's half of the books: the accounting of every compaction. */
export interface SourceBooks {
  /** Absent for a recording. */
  kernel?: KernelBooks;
  /** Times that the kernel skipped a program because it was already running on that CPU; absent for a recording. */
  programMisses?: number;
  /** Absent when no process is probed. */
  probes?: ProbeCounters;
  /** Records, or lines of a recording; without those of what the limit left out. */
  received: number;
  decoded: number;
  malformed: number;
  /** What the user's filters made of the decoded ones of a recording; absent without filters. */
  selection?: { selected: number; filtered: { [filter in Filter]?: number } };
  /**
   * Events of what was left out or lost, and how many compactions they report, by reason; absent while there are none. Those of a
   * recording are what was lost when it was made.
   */
  notRecorded?: { events: number; compactions: Readonly<Record<string, number>> };
  /** Whether the source reports in such events what it loses. */
  reportsLosses?: boolean;
  /** Unread bytes in the ring. */
  pendingBytes: number;
  /**
   * Where programs stayed attached: the events that agents before this one delivered or lost; those of them that are lost; and those
   * of these that were on their way when an agent was killed or replaced, so that no output counted them.
   */
  earlier?: { events: number; lost: number; undelivered: number };
  /** Whether the programs stay attached: what is in the ring is not lost. */
  stays?: boolean;
}
