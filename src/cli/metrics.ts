// SPDX-License-Identifier: Apache-2.0
import { equations, type NamedSinkBooks } from '../event/books.ts';
import type { Pipeline } from '../event/pipeline.ts';
import type { SinkBooks } from '../event/sink.ts';
import type { LiveSource } from '../live/live-source.ts';
import { message } from '../messages/message.ts';
import type { AgentMetrics } from '../metrics/agent-metrics.ts';
import { metricExporters } from '../metrics/configured.ts';
import type { Work } from '../metrics/health.ts';
import type { AgentState } from '../metrics/snapshot.ts';
import type { Messages } from './messages.ts';

/** Checks the variables of metrics and opens their port, before anything is loaded into the kernel; undefined when none are wanted. */
export async function openMetrics(
  hasSpans: boolean,
  messages: Messages,
  env: NodeJS.ProcessEnv,
): Promise<AgentMetrics | undefined> {
  if (metricExporters(env).length === 0) return undefined;
  const { AgentMetrics } = await import('../metrics/agent-metrics.ts');
  return AgentMetrics.open({
    hasSpans,
    env,
    warn: (warning) => messages.say(warning),
    print: (text) => messages.show(message('metrics_printed', { metrics: text.trimEnd() }), text.trimEnd()),
  });
}

/** What metrics tell of a run. */
export function agentState(source: LiveSource, pipeline: Pipeline): AgentState {
  const { books, ring, programs, supervisor } = source.state();
  const sinks = pipeline.books();
  const queued = spanCounts(sinks)?.queued;
  return {
    aggregates: source.readAggregates(),
    books: equations(books, sinks),
    ring,
    programs,
    ...(queued !== undefined && { queued }),
    ...(supervisor !== undefined && { supervisor }),
  };
}

/** What a run has done, for a probe of its health. */
export function workOf(source: LiveSource, pipeline: Pipeline): Work {
  const { kernel, received } = source.state().books;
  return { emitted: kernel!.emitted, received, canDeliver: pipeline.canDeliver, isStuck: pipeline.isStuck };
}

/** The counts of all exporters of spans together; undefined without any. */
export function spanCounts(sinks: readonly NamedSinkBooks[]): Pick<SinkBooks, 'exported' | 'queued'> | undefined {
  const otlp = sinks.filter(({ name }) => /^(otlp(_\d+)?|sdk)$/.test(name)).map(({ books }) => books);
  if (otlp.length === 0) return undefined;
  const sum = (of: 'exported' | 'queued') => otlp.reduce((total, books) => total + books[of], 0);
  return { exported: sum('exported'), queued: sum('queued') };
}
