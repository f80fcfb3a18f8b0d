// SPDX-License-Identifier: Apache-2.0
/** Bytes of a span on its way to a real Collector, by protocol, compression and what it has. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { COMPACT_NODE0, compact } from '../../harness/host.ts';
import { type Collector, startCollector } from '../../harness/receivers/receivers.ts';
import { runAgent, startAgent } from '../agent.ts';
import { table } from '../report.ts';
import { countBytes } from './byte-counter.ts';

type Protocol = 'grpc' | 'http/protobuf';
const PROTOCOLS: readonly Protocol[] = ['grpc', 'http/protobuf'];
const COMPRESSIONS = ['none', 'gzip'] as const;
const METRICS_MS = 1000;
const METRICS_EXPORTS = 5;

export interface Recorded {
  name: string;
  path: string;
  spans: number;
}

export interface Sent {
  raw: number;
  gzip: number;
}

export interface Wire {
  text: string;
  /** Bytes of a span with its stack, over gRPC: in a full request, and alone in its request. */
  full: Sent;
  alone: Sent;
  /** Bytes of one export of metrics over gRPC. */
  metrics: Sent;
}

/**
 * @param recorded the first is what is calculated with
 * @param few some of its spans, for requests that have one
 */
export async function measureWire(folder: string, recorded: readonly Recorded[], few: Recorded): Promise<Wire> {
  const rows: string[][] = [];
  const measure = async (what: string, one: Recorded, options: readonly string[], env: Record<string, string> = {}) => {
    const all: Sent[] = [];
    for (const protocol of PROTOCOLS) {
      const sent = { raw: 0, gzip: 0 };
      for (const compression of COMPRESSIONS) {
        const bytes = await bytesOf(folder, one, protocol, compression, options, env);
        sent[compression === 'none' ? 'raw' : 'gzip'] = bytes / one.spans;
      }
      all.push(sent);
      rows.push([what, protocol, ...cells(sent)]);
    }
    return all[0]!;
  };
  const whole: Sent[] = [];
  for (const one of recorded) {
    whole.push(await measure(one.name, one, []));
    await measure(`${one.name}, \`--stack none\``, one, ['--stack', 'none']);
  }
  const alone = await measure(few.name, few, [], { OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '1' });
  const metrics = await metricsBytes(folder);
  rows.push(['one export of the metrics', 'grpc', ...cells(metrics)]);
  return {
    text: table(['what', 'protocol', 'without compression', 'gzip', 'ratio'], rows),
    full: whole[0]!,
    alone,
    metrics,
  };
}

const cells = ({ raw, gzip }: Sent) => [`${raw.toFixed(0)} bytes`, `${gzip.toFixed(0)} bytes`, (gzip / raw).toFixed(2)];

async function bytesOf(
  folder: string,
  { path, spans }: Recorded,
  protocol: Protocol,
  compression: string,
  options: readonly string[],
  env: Record<string, string>,
): Promise<number> {
  const collector = await startCollector({ spansFile: join(folder, `wire-${process.hrtime.bigint()}`) });
  const counter = await countBytes(protocol === 'grpc' ? collector.endpoint : collector.httpEndpoint);
  const variables = {
    OTEL_EXPORTER_OTLP_ENDPOINT: counter.endpoint,
    OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
    OTEL_EXPORTER_OTLP_COMPRESSION: compression,
  };
  await runAgent(['replay', path, '--output', 'otlp', ...options], { ...variables, ...env });
  await ended(collector, spans);
  counter.close();
  return counter.bytes();
}

/** Throws unless every span arrived. */
async function ended(collector: Collector, spans: number): Promise<void> {
  await collector.stop();
  const arrived = collector.spans().length;
  if (arrived !== spans) throw new Error(`${arrived} of ${spans} spans arrived`);
}

/** Of a live agent, once each trigger of this host has been seen. */
async function metricsBytes(folder: string): Promise<Sent> {
  const sent = { raw: 0, gzip: 0 };
  for (const compression of COMPRESSIONS) {
    const collector = await startCollector({ spansFile: join(folder, `metrics-${compression}`) });
    const counter = await countBytes(collector.endpoint);
    const agent = await startAgent(['--output', 'none'], {
      OTEL_EXPORTER_OTLP_ENDPOINT: counter.endpoint,
      OTEL_EXPORTER_OTLP_COMPRESSION: compression,
      OTEL_METRICS_EXPORTER: 'otlp',
      OTEL_METRIC_EXPORT_INTERVAL: `${METRICS_MS}`,
    });
    compact(COMPACT_NODE0, 7);
    await sleep(METRICS_EXPORTS * METRICS_MS);
    await agent.stop();
    await collector.stop();
    counter.close();
    const exports = collector.metrics().filter(({ metric }) => metric.name === 'compaction.books.counted').length;
    sent[compression === 'none' ? 'raw' : 'gzip'] = counter.bytes() / exports;
  }
  return sent;
}
