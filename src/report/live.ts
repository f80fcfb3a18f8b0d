// SPDX-License-Identifier: Apache-2.0
/** What agent and page say to each other. First a state, which is a report; then what comes after it. Both add it up with ReportModel. */
import type { BooksReport } from '../event/books-report.ts';
import type { AgentEvent } from '../event/event.ts';
import type { KernelSlice, ReportData } from './data.ts';
import type { ReportLimits } from './model.ts';

/** Memory of agent and page is bounded by these. */
export const LIVE_LIMITS: ReportLimits = { stalls: 2000, keeps: 'latest', who: 1000, stacks: 1000 };

/** The kinds of events on the connection. */
export const LIVE_EVENTS = { state: 'state', more: 'more', end: 'end' } as const;

export interface LiveStart {
  /** Another one after the agent was started again. */
  run: string;
  report: ReportData;
}

export interface LiveMore {
  events: AgentEvent[];
  slices: KernelSlice[];
  /** Absent where they are the same. */
  books?: BooksReport;
  atUnixNano: string;
}
