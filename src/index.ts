// SPDX-License-Identifier: Apache-2.0
/** The library: compactions as events, and events as spans. The command is src/bin/compactstall.ts. */

export { HostError, InstallError, StartError, UserError } from './errors.ts';
export type { BooksReport } from './event/books-report.ts';
export type {
  AgentEvent,
  CompactionEvent,
  ContextSource,
  NotRecordedEvent,
  StackOmission,
  TraceContext,
  Trigger,
  ZoneState,
} from './event/event.ts';
export { parseEvent } from './event/parse.ts';
export { type Compactions, compactions } from './library/compactions.ts';
export type { CompactionsOptions } from './library/options.ts';
export { type ToSpanOptions, toSpan } from './sinks/sdk/to-span.ts';
