// SPDX-License-Identifier: Apache-2.0
// Real receivers for tests, with the configurations that users get from otel-collector/.
//
//   const collector = await startCollector({ spansFile });        // debug.yaml
//   ...send to collector.endpoint (gRPC) or collector.httpEndpoint...
//   const spans = await collector.waitForSpans(17, 10_000);       // everything in spansFile, flat
//   await collector.stop();                                       // or kill(): a crash
//   const again = await startCollector(collector);                // same ports, same file: spans() has those from before too
//
//   const jaeger = await startJaeger();                           // jaeger.yaml
//   const [trace] = await jaeger.waitForTraces({ service, tags: { 'compaction.order': 9 } }, 1, 10_000);
//   await jaeger.stop();
//
//   const prometheus = await startPrometheus({ scrapedPort });    // prometheus.yml
//   const [result] = await prometheus.query('sum(compaction_stall_count_total)');
//   await prometheus.stop();
//
// They are built if necessary (build.sh: minutes, once), and end with the test process, however that ends.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Child, freePorts, waitUntil } from '../child.ts';
import {
  flattenLogs,
  flattenMetrics,
  flattenSpans,
  OtlpFile,
  type OtlpTraces,
  type ReceivedLog,
  type ReceivedMetric,
  type ReceivedSpan,
} from './otlp.ts';

const BUILD = fileURLToPath(new URL('build.sh', import.meta.url));
export const CONFIGS = fileURLToPath(new URL('../../otel-collector/', import.meta.url));

export type Backend = 'collector' | 'jaeger' | 'prometheus';

/** The paths of the binaries. Builds missing ones; throws when that fails, and build.sh prints the reason on stderr. */
export async function ensureBackends(...names: Backend[]): Promise<Record<Backend, string>> {
  const build = spawn(BUILD, names, { stdio: ['ignore', 'pipe', 'inherit'] });
  let lines = '';
  build.stdout.setEncoding('utf8').on('data', (text: string) => {
    lines += text;
  });
  const [code] = await once(build, 'close');
  if (code !== 0) {
    throw new Error(
      'The Collector, Jaeger and Prometheus could not be built. Run harness/receivers/build.sh, which says why.',
    );
  }
  return Object.fromEntries(
    lines
      .trim()
      .split('\n')
      .map((line) => line.split('=', 2)),
  );
}

export interface CollectorOptions {
  /** The file to which received spans are appended, as OTLP JSON lines. */
  spansFile: string;
  /** The same for metrics. Default: spansFile followed by `.metrics`. */
  metricsFile?: string;
  /** The same for log records. Default: spansFile followed by `.logs`. */
  logsFile?: string;
  /** Default: free ports. */
  grpcPort?: number;
  httpPort?: number;
  /** Default: otel-collector/debug.yaml. */
  config?: string;
}

export interface Server {
  pid: number;
  /** `http://127.0.0.1:PORT` for OTLP over gRPC, as OTEL_EXPORTER_OTLP_ENDPOINT takes it. */
  endpoint: string;
  /** The same for OTLP over HTTP, without `/v1/traces`. */
  httpEndpoint: string;
  /** The last 64 KiB of its output, also after it has ended. */
  log(): string;
  /** Sends SIGTERM; resolves when it has ended. Throws when it did not end cleanly, or had already ended by itself. */
  stop(): Promise<void>;
  /** Sends SIGKILL; resolves when it has ended. The file has all that it acknowledged (see debug.yaml). */
  kill(): Promise<void>;
}

export interface Collector extends Server, Required<CollectorOptions> {
  /** All spans in spansFile, including those of an earlier collector with the same file; also after stop(). */
  spans(): readonly ReceivedSpan[];
  metrics(): readonly ReceivedMetric[];
  logs(): readonly ReceivedLog[];
  /** Resolves to all spans as soon as there are at least `count`; throws when there are not after `deadlineMs`. */
  waitForSpans(count: number, deadlineMs: number): Promise<readonly ReceivedSpan[]>;
}

/** Resolves when the collector accepts OTLP. Takes the ports and the files of an earlier collector, if given one. */
export async function startCollector(options: CollectorOptions): Promise<Collector> {
  const {
    spansFile,
    metricsFile = `${spansFile}.metrics`,
    logsFile = `${spansFile}.logs`,
    config = `${CONFIGS}debug.yaml`,
  } = options;
  const server = await startCollectorWith(config, options, {
    COMPACTSTALL_SPANS_FILE: spansFile,
    COMPACTSTALL_METRICS_FILE: metricsFile,
    COMPACTSTALL_LOGS_FILE: logsFile,
    COMPACTSTALL_FILE_MEGABYTES: '1000000', // One file, so that no rotation disturbs a count.
    COMPACTSTALL_DEBUG_VERBOSITY: 'basic',
  });

  const spansRead = new OtlpFile(spansFile, flattenSpans);
  const metricsRead = new OtlpFile(metricsFile, flattenMetrics);
  const logsRead = new OtlpFile(logsFile, flattenLogs);
  return {
    ...{ spansFile, metricsFile, logsFile, config },
    ...server,
    spans: () => spansRead.read(),
    metrics: () => metricsRead.read(),
    logs: () => logsRead.read(),
    waitForSpans: (count, deadlineMs) =>
      waitUntil(
        () => {
          const spans = spansRead.read();
          return spans.length >= count ? spans : undefined;
        },
        deadlineMs,
        () => `${spansRead.read().length} of ${count} spans have arrived in ${spansFile}`,
      ),
  };
}

/** A collector with another configuration, and the variables that it needs besides the two ports. */
export async function startCollectorWith(
  config: string,
  ports: { grpcPort?: number; httpPort?: number },
  env: Record<string, string>,
): Promise<Server & { grpcPort: number; httpPort: number }> {
  const { collector: binary } = await ensureBackends('collector');
  const [freeGrpc, freeHttp] = await freePorts(2);
  const { grpcPort = freeGrpc!, httpPort = freeHttp! } = ports;
  const child = new Child('collector', binary, ['--config', config], {
    COMPACTSTALL_OTLP_GRPC_PORT: `${grpcPort}`,
    COMPACTSTALL_OTLP_HTTP_PORT: `${httpPort}`,
    ...env,
  });
  const httpEndpoint = `http://127.0.0.1:${httpPort}`;
  await child.ready(async () => (await acceptsOtlp(httpEndpoint)) && (await accepts(grpcPort)));
  return { grpcPort, httpPort, httpEndpoint, ...server(child, grpcPort) };
}

/** A collector that sends the spans of a file to a server: otel-collector/read-file.yaml. It reads from the file's begin. */
export async function startFileReader(file: string, to: Pick<Collector, 'grpcPort'>): Promise<Child> {
  const { collector: binary } = await ensureBackends('collector');
  return new Child('file-reader', binary, ['--config', `${CONFIGS}read-file.yaml`], {
    COMPACTSTALL_SPANS_FILE: file,
    COMPACTSTALL_BACKEND_PORT: `${to.grpcPort}`,
  });
}

/** A trace as Jaeger's API returns it. Times and durations are whole microseconds; spans() has nanoseconds. */
export interface JaegerTrace {
  traceID: string;
  spans: JaegerSpan[];
  /** The resources, by a span's processID. */
  processes: Record<string, { serviceName: string; tags: JaegerTag[] }>;
}
export interface JaegerSpan {
  traceID: string;
  spanID: string;
  processID: string;
  operationName: string;
  /** The parent (CHILD_OF), then the links (FOLLOWS_FROM). */
  references: { refType: 'CHILD_OF' | 'FOLLOWS_FROM'; traceID: string; spanID: string }[];
  startTime: number;
  duration: number;
  tags: JaegerTag[];
  /** Span events: the name is the field `event`. */
  logs: { timestamp: number; fields: JaegerTag[] }[];
  warnings: string[] | null;
}
export interface JaegerTag {
  key: string;
  type: string;
  value: string | number | boolean;
}

/** The tags of a span or process, or the fields of a log, as a plain object. */
export function tags(list: JaegerTag[]): Record<string, JaegerTag['value']> {
  return Object.fromEntries(list.map(({ key, value }) => [key, value]));
}

/** The conditions that one span of the trace must meet together. */
export interface TraceQuery {
  service: string;
  operation?: string;
  /** Attributes of the span, its events or its resource. Jaeger compares them as text. */
  tags?: Record<string, string | number | boolean>;
  /** With a unit, as on its web page: `1500us`, `20ms`, `3s`. */
  minDuration?: string;
  maxDuration?: string;
}

export interface Jaeger extends Server {
  /** The address of the web page and the API: `http://127.0.0.1:PORT`. */
  queryUrl: string;
  services(): Promise<string[]>;
  operations(service: string): Promise<string[]>;
  traces(query: TraceQuery): Promise<JaegerTrace[]>;
  /** One trace by its id, or undefined. */
  trace(traceId: string): Promise<JaegerTrace | undefined>;
  /** The same as OTLP JSON, to the nanosecond, as received; empty for an unknown trace. */
  otlp(traceId: string): Promise<OtlpTraces>;
  /** Its spans as OTLP, to the nanosecond; none for an unknown trace. Jaeger's warnings are attributes. */
  spans(traceId: string): Promise<ReceivedSpan[]>;
  /** Resolves to all matching traces as soon as there are at least `count`; throws when there are not after `deadlineMs`. */
  waitForTraces(query: TraceQuery, count: number, deadlineMs: number): Promise<JaegerTrace[]>;
}

/** Resolves when Jaeger accepts OTLP and answers queries. It keeps the last 100 000 traces, in memory only. */
export async function startJaeger(): Promise<Jaeger> {
  const { jaeger: binary } = await ensureBackends('jaeger');
  const [grpcPort, httpPort, queryPort, queryGrpcPort] = (await freePorts(4)) as [number, number, number, number];
  const child = new Child('jaeger', binary, ['--config', `${CONFIGS}jaeger.yaml`], {
    COMPACTSTALL_OTLP_GRPC_PORT: `${grpcPort}`,
    COMPACTSTALL_OTLP_HTTP_PORT: `${httpPort}`,
    COMPACTSTALL_JAEGER_HTTP_PORT: `${queryPort}`,
    COMPACTSTALL_JAEGER_GRPC_PORT: `${queryGrpcPort}`,
  });
  const httpEndpoint = `http://127.0.0.1:${httpPort}`;
  const queryUrl = `http://127.0.0.1:${queryPort}`;
  await child.ready(
    async () =>
      (await acceptsOtlp(httpEndpoint)) && (await accepts(grpcPort)) && (await answers(`${queryUrl}/api/services`)),
  );

  const get = async <T>(path: string): Promise<T[]> => {
    const response = await fetch(`${queryUrl}/api/${path}`);
    const body = (await response.json()) as { data: T[] | null; errors: unknown };
    if (response.status === 404) return []; // The trace is unknown.
    if (!response.ok) throw new Error(`Jaeger answers ${response.status} to ${path}: ${JSON.stringify(body.errors)}`);
    return body.data ?? [];
  };
  const traces = (query: TraceQuery) => get<JaegerTrace>(`traces?${searchParams(query)}`);
  const otlp = async (traceId: string, parameters = ''): Promise<OtlpTraces> => {
    const response = await fetch(`${queryUrl}/api/v3/traces/${traceId}${parameters}`);
    const { result } = (await response.json()) as { result?: OtlpTraces };
    if (!response.ok && response.status !== 404) throw new Error(`Jaeger answers ${response.status} for ${traceId}`);
    return result ?? {};
  };
  return {
    ...{ httpEndpoint, queryUrl },
    ...server(child, grpcPort),
    services: () => get<string>('services'),
    operations: (service) => get<string>(`services/${encodeURIComponent(service)}/operations`),
    traces,
    trace: async (traceId) => (await get<JaegerTrace>(`traces/${traceId}`))[0],
    otlp: (traceId) => otlp(traceId, '?raw_traces=true'),
    spans: async (traceId) => flattenSpans(await otlp(traceId)),
    waitForTraces: async (query, count, deadlineMs) => {
      let found: JaegerTrace[] = [];
      return waitUntil(
        async () => {
          found = await traces(query);
          return found.length >= count ? found : undefined;
        },
        deadlineMs,
        () => `Jaeger finds ${found.length} of ${count} traces for ${JSON.stringify(query)}`,
      );
    },
  };
}

function searchParams({ tags, ...query }: TraceQuery): URLSearchParams {
  const params = new URLSearchParams(query);
  // By default Jaeger returns 100 traces, of the last two days, that began before the query: a test asks for all.
  params.set('limit', '100000');
  params.set('start', '0');
  params.set('end', `${(Date.now() + 86_400_000) * 1000}`);
  if (tags) {
    params.set(
      'tags',
      JSON.stringify(Object.fromEntries(Object.entries(tags).map(([key, value]) => [key, `${value}`]))),
    );
  }
  return params;
}

/** A series as Prometheus's API returns it: its labels, and its value now, which may be a histogram. */
export interface PrometheusResult {
  metric: Record<string, string>;
  value?: [seconds: number, value: string];
  histogram?: [seconds: number, value: { count: string; sum: string }];
}

export interface PrometheusExemplar {
  labels: Record<string, string>;
  value: string;
  timestamp: number;
}

export interface Prometheus extends Omit<Server, 'endpoint' | 'httpEndpoint'> {
  /** The URL that takes metrics over OTLP, for OTEL_EXPORTER_OTLP_METRICS_ENDPOINT with http/protobuf. */
  metricsEndpoint: string;
  /** The series of an expression in PromQL, now. */
  query(expression: string): Promise<PrometheusResult[]>;
  exemplars(selector: string): Promise<PrometheusExemplar[]>;
  /** Those that are pending or firing, of otel-collector/prometheus-rules.yml. */
  alerts(): Promise<PrometheusAlert[]>;
}

export interface PrometheusAlert {
  labels: Record<string, string>;
  annotations: Record<string, string>;
  state: 'pending' | 'firing';
}

export interface PrometheusOptions {
  /** Of an agent. */
  scrapedPort?: number;
  /** Of Prometheus's node exporter. Default: none is scraped. */
  nodePort?: number;
}

/** Resolves when Prometheus answers. It scrapes these ports of this host and looks at its rules each second, and takes OTLP. */
export async function startPrometheus({ scrapedPort = 9464, nodePort }: PrometheusOptions = {}): Promise<Prometheus> {
  const { prometheus: binary } = await ensureBackends('prometheus');
  const [port] = (await freePorts(1)) as [number];
  const folder = mkdtempSync(join(tmpdir(), 'compactstall-prometheus-data-'));
  const config = join(folder, 'prometheus.yml');
  const text = readFileSync(`${CONFIGS}prometheus.yml`, 'utf8');
  const node = `  - job_name: node\n    static_configs:\n      - targets: ['127.0.0.1:${nodePort}']\n`;
  writeFileSync(
    config,
    text
      .replace('9464', `${scrapedPort}`)
      .replace('scrape_interval: 15s', 'scrape_interval: 1s')
      .replace('prometheus-rules.yml', `${CONFIGS}prometheus-rules.yml`)
      .replace('scrape_configs:\n', `scrape_configs:\n${nodePort === undefined ? '' : node}`)
      .concat('\nglobal:\n  scrape_interval: 1s\n  evaluation_interval: 1s\n'),
  );
  const child = new Child('prometheus', binary, [
    `--config.file=${config}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--web.enable-otlp-receiver',
    '--enable-feature=exemplar-storage',
  ]);
  const url = `http://127.0.0.1:${port}`;
  await child.ready(() => answers(`${url}/-/ready`));
  const get = async <T>(path: string, parameters: Record<string, string>): Promise<T> => {
    const response = await fetch(`${url}/api/v1/${path}?${new URLSearchParams(parameters)}`);
    const { data, error } = (await response.json()) as { data: T; error?: string };
    if (!response.ok) throw new Error(`Prometheus answers ${response.status} to ${path}: ${error}`);
    return data;
  };
  const end = (how: () => Promise<void>) => async () => {
    await how();
    rmSync(folder, { recursive: true, force: true });
  };
  return {
    pid: child.pid,
    log: () => child.log(),
    stop: end(() => child.stop()),
    kill: end(() => child.kill()),
    metricsEndpoint: `${url}/api/v1/otlp/v1/metrics`,
    query: async (query) => (await get<{ result: PrometheusResult[] }>('query', { query })).result,
    alerts: async () => (await get<{ alerts: PrometheusAlert[] }>('alerts', {})).alerts,
    exemplars: async (query) => {
      const now = Date.now() / 1000;
      const range = { start: `${now - 3600}`, end: `${now + 60}` };
      const series = await get<{ exemplars: PrometheusExemplar[] }[]>('query_exemplars', { query, ...range });
      return series.flatMap(({ exemplars }) => exemplars);
    },
  };
}

function server(child: Child, grpcPort: number) {
  return {
    pid: child.pid,
    endpoint: `http://127.0.0.1:${grpcPort}`,
    log: () => child.log(),
    stop: () => child.stop(),
    kill: () => child.kill(),
  };
}

/** An export without spans goes through the receiver and leaves nothing behind. */
async function acceptsOtlp(httpEndpoint: string): Promise<boolean> {
  return answers(`${httpEndpoint}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{}',
  });
}

async function answers(url: string, request: RequestInit = {}): Promise<boolean> {
  try {
    const response = await fetch(url, { ...request, signal: AbortSignal.timeout(2000) });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
