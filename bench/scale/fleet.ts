// SPDX-License-Identifier: Apache-2.0
/** Many agents, each of its own host, that send to one gateway at the same time. */
import { join } from 'node:path';
import { startCollector } from '../../harness/receivers/receivers.ts';
import { runAgent } from '../agent.ts';
import { table } from '../report.ts';
import { cpuSeconds, gateway, peakBytes } from './collectors.ts';
import type { Recorded } from './wire.ts';

/** Each takes some 80 MB. */
const AGENTS = [1, 8, 32];
const DEADLINE_MS = 300_000;

/** @param recorded one recording for each agent */
export async function measureFleet(folder: string, recorded: readonly Recorded[]): Promise<string> {
  const rows: string[][] = [];
  for (const agents of AGENTS) {
    const sink = await startCollector({ spansFile: join(folder, `fleet-${agents}`) });
    const collector = await gateway(sink);
    const before = cpuSeconds(collector.pid);
    const mine = recorded.slice(0, agents);
    await Promise.all(
      mine.map(({ path }, i) =>
        runAgent(['replay', path, '--output', 'otlp'], {
          OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint,
          OTEL_RESOURCE_ATTRIBUTES: `host.name=node-${i},host.id=${i}`,
        }),
      ),
    );
    const wanted = mine.reduce((all, { spans }) => all + spans, 0);
    const spans = await sink.waitForSpans(wanted, DEADLINE_MS);
    const seconds = ((cpuSeconds(collector.pid) - before) / wanted) * 1e6;
    const peak = peakBytes(collector.pid);
    await collector.stop();
    await sink.stop();
    const hosts = Map.groupBy(spans, ({ resource }) => resource['host.name']);
    const whole = mine.filter((one, i) => hosts.get(`node-${i}`)?.length === one.spans).length;
    if (whole !== agents || spans.length !== wanted)
      throw new Error(`${spans.length} of ${wanted}, ${whole} hosts whole`);
    rows.push([
      ...[String(agents), String(wanted), `${whole} of ${agents}`],
      ...[`${seconds.toFixed(0)} s`, `${(peak / 1e6).toFixed(0)} MB`],
    ]);
  }
  const head = ['agents', 'spans', 'hosts with all their spans', 'CPU time of the gateway for a million spans'];
  return table([...head, 'its most memory'], rows);
}

export const MOST_AGENTS = Math.max(...AGENTS);
