// SPDX-License-Identifier: Apache-2.0
import { logExporters } from '../logs/configured.ts';
import { metricExporters } from '../metrics/configured.ts';
import { otlpConfigured } from '../sinks/otlp/configured.ts';
import { readEndpoint } from '../sinks/otlp/endpoint.ts';
import { readProtocol } from '../sinks/otlp/settings.ts';
import { LOGS, METRICS, type Signal, TRACES } from '../sinks/otlp/signal.ts';
import { beatenBy, givenBy, MERGED, sameSetting } from './environment.ts';
import { placeText } from './fault.ts';
import { HIDDEN, type Variables } from './translate.ts';

/** A setting as `compactstall config` shows it. */
export interface Shown {
  name: string;
  /** Absent where nothing is set. */
  value?: string;
  from: 'option' | 'variable' | 'file' | 'default';
  /** The variable, or the place in the file. */
  at?: string;
  /** Of which span exporter, where there are several. */
  exporter?: number;
}

/** A variable that the agent honours. */
interface Row {
  name: string;
  /** Its default, in words. */
  default?: string;
  /** Its value may be a secret as a whole. */
  secret?: true;
}

const row = (name: string, otherwise?: string): Row => ({
  name,
  ...(otherwise !== undefined && { default: otherwise }),
});

const GENERAL: readonly Row[] = [
  row('OTEL_SDK_DISABLED', 'false'),
  row('OTEL_LOG_LEVEL', 'none'),
  row('OTEL_SERVICE_NAME', 'compactstall'),
  row('OTEL_RESOURCE_ATTRIBUTES'),
  row('OTEL_NODE_RESOURCE_DETECTORS', 'host,os,serviceinstance,env'),
  row('OTEL_EBPF_BPF_FS_PATH', '/sys/fs/bpf'),
  row('OTEL_TRACES_EXPORTER'),
  row('OTEL_METRICS_EXPORTER', 'none'),
  row('OTEL_LOGS_EXPORTER', 'none'),
];

const SPANS: readonly Row[] = [
  row('OTEL_TRACES_SAMPLER', 'always_on'),
  row('OTEL_TRACES_SAMPLER_ARG', '1'),
  row('OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT', '128'),
  row('OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT', 'no limit'),
  row('OTEL_SPAN_EVENT_COUNT_LIMIT', '128'),
  row('OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT', '128'),
];

const PROCESSOR: readonly Row[] = [
  row('OTEL_BSP_MAX_QUEUE_SIZE', '65536'),
  row('OTEL_BSP_MAX_EXPORT_BATCH_SIZE', '2048'),
  row('OTEL_BSP_SCHEDULE_DELAY', '500'),
  row('OTEL_BSP_EXPORT_TIMEOUT', '30000'),
];

const METRIC_ROWS: readonly Row[] = [
  row('OTEL_METRIC_EXPORT_INTERVAL', '60000'),
  row('OTEL_METRIC_EXPORT_TIMEOUT', '30000'),
  row('OTEL_METRICS_EXEMPLAR_FILTER', 'trace_based'),
];

const LOG_ROWS: readonly Row[] = [
  row('OTEL_BLRP_MAX_QUEUE_SIZE', '2048'),
  row('OTEL_BLRP_MAX_EXPORT_BATCH_SIZE', '512'),
  row('OTEL_BLRP_SCHEDULE_DELAY', '1000'),
  row('OTEL_BLRP_EXPORT_TIMEOUT', '30000'),
  row('OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT', '128'),
  row('OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT', 'no limit'),
];

const PROMETHEUS: readonly Row[] = [
  row('OTEL_EXPORTER_PROMETHEUS_HOST', '127.0.0.1'),
  row('OTEL_EXPORTER_PROMETHEUS_PORT', '9464'),
];

const PROXIES: readonly Row[] = ['grpc_proxy', 'http_proxy', 'https_proxy', 'no_proxy']
  .flatMap((name) => (name === 'grpc_proxy' ? [name, 'no_grpc_proxy'] : [name, name.toUpperCase()]))
  .map((name) => ({ name, secret: true }));

const endpointOf = ({ infix }: Signal): string => `OTEL_EXPORTER_OTLP_${infix}_ENDPOINT`;

const connectionRows = ({ infix }: Signal): readonly Row[] => {
  const of = (what: string) => `OTEL_EXPORTER_OTLP_${infix}_${what}`;
  return [
    row(of('PROTOCOL'), 'grpc'),
    row(of('ENDPOINT')),
    { name: of('HEADERS'), secret: true },
    row(of('COMPRESSION'), 'none'),
    row(of('TIMEOUT'), '10000'),
    row(of('INSECURE'), 'false'),
    row(of('CERTIFICATE')),
    row(of('CLIENT_CERTIFICATE')),
    row(of('CLIENT_KEY')),
    ...(infix === 'METRICS' ? [row(of('TEMPORALITY_PREFERENCE'), 'cumulative')] : []),
  ];
};

export interface Exporter {
  /** The variables in force. */
  env: NodeJS.ProcessEnv;
  /** What the file sets of them. */
  file: Variables;
}

/**
 * The variables in force, as far as they have a meaning with each other, without secrets.
 *
 * @param own the process's environment
 * @param wantsSpans whether an option asks for spans
 */
export function variablesInForce(own: NodeJS.ProcessEnv, exporters: readonly Exporter[], wantsSpans: boolean): Shown[] {
  const [first] = exporters as [Exporter, ...Exporter[]];
  const rows = (exporter: Exporter, wanted: readonly Row[]) => wanted.map((row) => shown(row, own, exporter));
  const metrics = metricExporters(first.env);
  const sending = exporters.filter(({ env }) => wantsSpans || otlpConfigured(env));
  return [
    ...rows(first, GENERAL),
    ...(sending.length > 0 ? rows(first, SPANS) : []),
    ...sending.flatMap((exporter, i) => {
      const ofExporter = rows(exporter, [...PROCESSOR, ...connectionRows(TRACES)]);
      return sending.length === 1 ? ofExporter : ofExporter.map((setting) => ({ ...setting, exporter: i + 1 }));
    }),
    ...(metrics.length > 0 ? rows(first, METRIC_ROWS) : []),
    ...(metrics.includes('otlp') ? rows(first, connectionRows(METRICS)) : []),
    ...(logExporters(first.env).includes('otlp') ? rows(first, [...LOG_ROWS, ...connectionRows(LOGS)]) : []),
    ...(metrics.includes('prometheus') ? rows(first, PROMETHEUS) : []),
    ...rows(first, PROXIES).filter(({ from }) => from === 'variable'),
  ];
}

function shown({ name, default: otherwise, secret }: Row, own: NodeJS.ProcessEnv, { env, file }: Exporter): Shown {
  const signal = [TRACES, METRICS, LOGS].find((signal) => name === endpointOf(signal));
  // Without path, user name and password: as the agent prints it at its start.
  const endpoint = signal && readEndpoint(env, readProtocol(env, signal), signal).shown;
  const variable = givenBy(own, name);
  const counts = variable === beatenBy(own, name);
  const given = counts ? sameSetting(name).flatMap((same) => file.get(same) ?? [])[0] : undefined;
  if (variable !== undefined) {
    const merged = name === MERGED ? given : undefined;
    const value = secret || merged?.written !== undefined ? HIDDEN : (endpoint ?? env[name] ?? env[variable]!);
    return { name, value, from: 'variable', at: merged ? `${variable}, ${placeText(merged.place)}` : variable };
  }
  if (given !== undefined) {
    const value = secret ? HIDDEN : (endpoint ?? given.written ?? given.value);
    return { name, value, from: 'file', at: placeText(given.place) };
  }
  const value = endpoint ?? otherwise;
  return { name, ...(value !== undefined && { value }), from: 'default' };
}
