// SPDX-License-Identifier: Apache-2.0
/** The memory and wake-ups of an idle agent. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { COMPACT_NODE0, compact, populatedZones } from '../harness/host.ts';
import { childrenOf } from '../harness/processes.ts';
import { startCollector } from '../harness/receivers/receivers.ts';
import { startAgent } from './agent.ts';
import { memory, switches, switchesSince } from './proc.ts';
import type { Row } from './report.ts';
import { sum } from './statistics.ts';

const SECONDS = 30;
/** The time until the agent is idle: it prints a hint after 3 s, and V8 collects garbage for up to 8 s after work. */
const SETTLE_MS = 10_000;
const WRITES = 7;

export async function measureIdle(folder: string): Promise<Row[]> {
  const collector = await startCollector({ spansFile: join(folder, 'idle-spans.json') });
  // The filter hides the compactions of other processes.
  const pid = String(process.pid);
  const alone = await startAgent(['--pid', pid]);
  const exporting = await startAgent(['--pid', pid, '--output', 'none'], {
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint,
  });
  const observe = (when: string) =>
    Promise.all([idle(alone, `idle, table only, ${when}`), idle(exporting, `idle, collector configured, ${when}`)]);

  await sleep(SETTLE_MS);
  const before = await observe('before the first compaction');
  compact(COMPACT_NODE0, WRITES);
  await collector.waitForSpans(WRITES * populatedZones().filter(({ node }) => node === 0).length, 30_000);
  await sleep(SETTLE_MS);
  const after = await observe('after some');
  await Promise.all([alone.stop(), exporting.stop()]);
  await collector.stop();
  return [...before, ...after].flat();
}

async function idle(agent: { pid: number }, what: string): Promise<Row[]> {
  const before = switches(agent.pid);
  await sleep(SECONDS * 1000);
  const woken = switchesSince(before, switches(agent.pid));
  const { rssBytes, anonymousBytes } = memory(agent.pid);
  const threads = [...woken].map(([name, n]) => `${name} ${n}`).join(', ');
  const prober = proberOf(agent.pid).map((pid) => memory(pid));
  return [
    {
      what: `${what}: resident memory`,
      measured: `${mb(rssBytes)} (${mb(anonymousBytes)} anonymous)`,
      budget: '90 MB',
    },
    ...prober.map((its) => ({
      what: `${what}: resident memory of the prober, most of which is the same Node.js`,
      measured: `${mb(its.rssBytes)} (${mb(its.anonymousBytes)} anonymous)`,
    })),
    {
      what: `${what}: wake-ups per second over ${SECONDS} s`,
      measured: (sum([...woken.values()]) / SECONDS).toFixed(2),
      ...(threads && { range: threads }),
      budget: '0',
    },
  ];
}

/** The prober, if there is one: the child of the supervisor. */
const proberOf = (agent: number): number[] => childrenOf(agent).flatMap(childrenOf);

function mb(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
