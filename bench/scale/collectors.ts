// SPDX-License-Identifier: Apache-2.0
/** What a span costs the Collectors on its way: CPU time of real ones with the configurations of otel-collector/. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CONFIGS, type Server, startCollector, startCollectorWith } from '../../harness/receivers/receivers.ts';
import { runAgent } from '../agent.ts';
import { table } from '../report.ts';
import type { Recorded } from './wire.ts';

/** Of /proc/PID/stat. */
const TICKS_PER_SECOND = 100;
/** Until gateway.yaml decides. */
const WAIT_S = 2;
/** A Collector that takes no CPU time for so long has nothing left to do. */
const QUIET_MS = 2 * WAIT_S * 1000;
const DEADLINE_MS = 300_000;

type Started = Server & { grpcPort: number };
type Start = (sink: { grpcPort: number }, folder: string) => Promise<Started>;

const to = ({ grpcPort }: { grpcPort: number }) => `127.0.0.1:${grpcPort}`;
const started = (name: string, env: Record<string, string>) => startCollectorWith(`${CONFIGS}${name}`, {}, env);

/** @param percentage of the traces without a long stall that it keeps; with 100 it costs the most */
export const gateway = (sink: { grpcPort: number }, percentage = '100') =>
  started('gateway.yaml', {
    COMPACTSTALL_BACKEND: to(sink),
    COMPACTSTALL_BACKEND_INSECURE: 'true',
    COMPACTSTALL_DECISION_WAIT: `${WAIT_S}s`,
    COMPACTSTALL_SAMPLING_PERCENTAGE: percentage,
  });

const SAMPLING = 'gateway.yaml, traces with a long stall and 1 % of the others kept';
const CONFIGURATIONS: Readonly<Record<string, Start>> = {
  'agent.yaml': (sink, folder) =>
    started('agent.yaml', {
      COMPACTSTALL_QUEUE_DIRECTORY: join(folder, `queue-${process.hrtime.bigint()}`),
      COMPACTSTALL_GATEWAY: to(sink),
      COMPACTSTALL_GATEWAY_INSECURE: 'true',
    }),
  'loadbalancing.yaml': (sink, folder) =>
    started('loadbalancing.yaml', {
      COMPACTSTALL_QUEUE_DIRECTORY: join(folder, `queue-${process.hrtime.bigint()}`),
      COMPACTSTALL_GATEWAYS: `[${to(sink)}]`,
      COMPACTSTALL_GATEWAY_INSECURE: 'true',
    }),
  'gateway.yaml, 100 % kept': (sink) => gateway(sink),
  [SAMPLING]: (sink) => gateway(sink, '1'),
};

export interface Collectors {
  text: string;
  /** CPU seconds of gateway.yaml for a million spans, of which it keeps few. */
  gatewaySeconds: number;
}

export async function measureCollectors(folder: string, recorded: Recorded): Promise<Collectors> {
  const rows: string[][] = [];
  let gatewaySeconds = 0;
  for (const [name, start] of Object.entries(CONFIGURATIONS)) {
    const sink = await startCollector({ spansFile: join(folder, `sink-${process.hrtime.bigint()}`) });
    const collector = await start(sink, folder);
    const before = cpuSeconds(collector.pid);
    await runAgent(['replay', recorded.path, '--output', 'otlp'], { OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint });
    if (name !== SAMPLING) await sink.waitForSpans(recorded.spans, DEADLINE_MS);
    await quiet(collector.pid);
    const seconds = ((cpuSeconds(collector.pid) - before) / recorded.spans) * 1e6;
    const peak = peakBytes(collector.pid);
    await collector.stop();
    await sink.stop();
    if (name === SAMPLING) gatewaySeconds = seconds;
    rows.push([
      name,
      String(recorded.spans),
      String(sink.spans().length),
      `${seconds.toFixed(0)} s`,
      `${(peak / 1e6).toFixed(0)} MB`,
    ]);
  }
  const head = ['configuration', 'spans', 'forwarded', 'CPU time for a million spans', 'most memory'];
  return { text: table(head, rows), gatewaySeconds };
}

/** Resolves when it has nothing left to do. A Collector that waits takes a hundredth of a second now and then. */
async function quiet(pid: number): Promise<void> {
  for (let before = -1, now = cpuSeconds(pid); now - before > 0.05; now = cpuSeconds(pid)) {
    before = now;
    await sleep(QUIET_MS);
  }
}

/** User and system time of all its threads, ended ones included. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** The most that was resident. */
export function peakBytes(pid: number): number {
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) * 1024;
}
