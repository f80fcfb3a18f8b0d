// SPDX-License-Identifier: Apache-2.0
import type { BooksReport } from '../event/books-report.ts';
import type { SummaryTotals } from '../event/summary.ts';

/** What a running agent answers. JSON-safe: `compactstall status --json` prints it. */
export interface AgentStatus {
  v: 1;
  version: string;
  pid: number;
  /** Since the programs were attached. */
  uptimeSeconds: number;
  /** The way in which it is attached. */
  plan: string;
  /** Compactions a second, over the last 10 and 60 seconds. */
  perSecond: { last10: number; last60: number };
  ring: { usedBytes: number; sizeBytes: number };
  /** Spans that wait for a collector; absent when none are sent. */
  queued?: number;
  /** Where spans and metrics go. */
  destinations: string[];
  /** The last errors and warnings, the latest last: each kind once, with its last time. */
  problems: LastProblem[];
  /** What else was said last, the latest last. */
  messages: LastMessage[];
  /** Who waited longest, at most five: processes of one name and service together. */
  stalled: StalledProcess[];
  /** Read one number after the other while it runs: they may be off by what is under way. */
  books: BooksReport;
}

export interface LastMessage {
  unixMs: number;
  /** Its name in docs/troubleshooting.md. */
  code: string;
  text: string;
}

export interface LastProblem extends LastMessage {
  level: 'error' | 'warn';
  /** How often it was said. */
  times: number;
}

export interface StalledProcess extends SummaryTotals {
  service?: string;
  process: string;
}
