// SPDX-License-Identifier: Apache-2.0
import type { Signal } from '../sinks/otlp/signal.ts';
import { fixed, list, type Row, scalar, word } from './row.ts';

type Infix = Signal['infix'];

/** The rows of the two OTLP exporters of a signal. */
export function exporterRows(exporter: string, infix: Infix): readonly Row[] {
  const ofMetrics = infix === 'METRICS' ? metricRows : () => [];
  return [
    ...otlpRows(`${exporter}.otlp_http`, infix, 'http/protobuf'),
    fixed(`${exporter}.otlp_http.encoding`, 'protobuf', 'the agent sends no JSON'),
    ...ofMetrics(`${exporter}.otlp_http`),
    ...otlpRows(`${exporter}.otlp_grpc`, infix, 'grpc'),
    scalar(`${exporter}.otlp_grpc.tls.insecure`, `OTEL_EXPORTER_OTLP_${infix}_INSECURE`),
    ...ofMetrics(`${exporter}.otlp_grpc`),
  ];
}

function otlpRows(path: string, infix: Infix, protocol: string): readonly Row[] {
  const [exporters, protocols] = [`OTEL_${infix}_EXPORTER`, `OTEL_EXPORTER_OTLP_${infix}_PROTOCOL`];
  const variable = (what: string) => `OTEL_EXPORTER_OTLP_${infix}_${what}`;
  const headers = variable('HEADERS');
  return [
    {
      path,
      kind: 'honoured',
      variables: [exporters, protocols],
      presence: true,
      into: true,
      translate: () => ({ [exporters]: 'otlp', [protocols]: protocol }),
    },
    scalar(`${path}.endpoint`, variable('ENDPOINT')),
    // The last of two headers with one name counts, and the standard prefers `headers`.
    list(`${path}.headers_list`, headers, String),
    list(`${path}.headers`, headers, (value) => headerList(value as HeaderModel[])),
    scalar(`${path}.compression`, variable('COMPRESSION')),
    scalar(`${path}.timeout`, variable('TIMEOUT')),
    scalar(`${path}.tls.ca_file`, variable('CERTIFICATE')),
    scalar(`${path}.tls.cert_file`, variable('CLIENT_CERTIFICATE')),
    scalar(`${path}.tls.key_file`, variable('CLIENT_KEY')),
  ];
}

interface HeaderModel {
  name: string;
  value: string | null;
}

const headerList = (headers: readonly HeaderModel[]): string =>
  headers
    .flatMap(({ name, value }) => (value === null ? [] : `${encodeURIComponent(name)}=${encodeURIComponent(value)}`))
    .join(',');

function metricRows(path: string): readonly Row[] {
  const temporality = 'OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE';
  return [
    word(`${path}.temporality_preference`, temporality, (name) => name.replace('_', '')),
    fixed(
      `${path}.default_histogram_aggregation`,
      'base2_exponential_bucket_histogram',
      'the kernel adds durations up in such buckets',
    ),
  ];
}
