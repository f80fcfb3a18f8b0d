// SPDX-License-Identifier: Apache-2.0
import { booksReport } from '../event/books-report.ts';
import type { AgentEvent } from '../event/event.ts';
import type { Pipeline } from '../event/pipeline.ts';
import { Summary, type SummaryReport } from '../event/summary.ts';
import type { LiveSource } from '../live/live-source.ts';
import { Rate } from '../status/rate.ts';
import type { AgentStatus, StalledProcess } from '../status/status.ts';
import { VERSION } from '../version.ts';
import type { Messages } from './messages.ts';
import { spanCounts } from './metrics.ts';

const MAX_STALLED = 5;

/** What a run can report about itself while it goes on. */
export class StatusOfRun {
  readonly #attachedMs = performance.now();
  readonly #rate = new Rate();
  readonly #summary = new Summary();

  /** @param compactions how many of them are compactions */
  add(events: readonly AgentEvent[], compactions: number): void {
    this.#rate.add(compactions, performance.now());
    this.#summary.add(events);
  }

  status(source: LiveSource, pipeline: Pipeline, messages: Messages, destinations: readonly string[]): AgentStatus {
    const nowMs = performance.now();
    const { books, ring } = source.state();
    const sinks = pipeline.books();
    const queued = spanCounts(sinks)?.queued;
    return {
      v: 1,
      version: VERSION,
      pid: process.pid,
      uptimeSeconds: (nowMs - this.#attachedMs) / 1000,
      plan: source.attachment.plan.name,
      perSecond: { last10: this.#rate.perSecond(10, nowMs), last60: this.#rate.perSecond(60, nowMs) },
      ring,
      ...(queued !== undefined && { queued }),
      destinations: [...destinations],
      problems: messages.last.problems,
      messages: messages.last.others,
      stalled: longestStalled(this.#summary.report()),
      books: booksReport(books, sinks, false),
    };
  }
}

/** Over all triggers and orders, without threads of the kernel: nobody waits for those. */
function longestStalled({ rows }: SummaryReport): StalledProcess[] {
  const processes = new Map<string, StalledProcess>();
  for (const { service, process, trigger, count, sumNano, longestNano } of rows) {
    if (trigger === 'kcompactd' || trigger === 'proactive') continue;
    const key = JSON.stringify([service, process]);
    const known = processes.get(key);
    processes.set(key, {
      ...(service !== undefined && { service }),
      process,
      count: count + (known?.count ?? 0),
      sumNano: sumNano + (known?.sumNano ?? 0),
      longestNano: Math.max(longestNano, known?.longestNano ?? 0),
    });
  }
  return [...processes.values()].sort((a, b) => b.sumNano - a.sumNano).slice(0, MAX_STALLED);
}
