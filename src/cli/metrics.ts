// SPDX-License-Identifier: Apache-2.0
import { equations } from '../event/books.ts';
import type { Pipeline } from '../event/pipeline.ts';
import type { LiveSource } from '../live/live-source.ts';
import type { AgentMetrics } from '../metrics/agent-metrics.ts';
import { metricExporters } from '../metrics/configured.ts';
import type { AgentState } from '../metrics/snapshot.ts';
import type { Messages } from './messages.ts';

/** Checks the variables of metrics and opens their port, before anything is loaded into the kernel; undefined when none are wanted. */
export async function openMetrics(hasSpans: boolean, messages: Messages): Promise<AgentMetrics | undefined> {
  if (metricExporters(process.env).length === 0) return undefined;
  const { AgentMetrics } = await import('../metrics/agent-metrics.ts');
  return AgentMetrics.open({
    hasSpans,
    warn: (sentence) => messages.say(sentence),
    print: (text) => messages.print(text.trimEnd()),
  });
}

/** What metrics tell of a run. */
export function agentState(source: LiveSource, pipeline: Pipeline): AgentState {
  const { books, ring, programs, supervisor } = source.state();
  const sinks = pipeline.books();
  const queued = sinks.find(({ name }) => name === 'otlp')?.books.queued;
  return {
    aggregates: source.readAggregates(),
    books: equations(books, sinks),
    ring,
    programs,
    ...(queued !== undefined && { queued }),
    ...(supervisor !== undefined && { supervisor }),
  };
}
