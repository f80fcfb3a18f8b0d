// SPDX-License-Identifier: Apache-2.0

/** What differs between the signals in the standard's variables, and on the wire. */
export interface Signal {
  /** In the names of variables: OTEL_EXPORTER_OTLP_TRACES_ENDPOINT. */
  infix: 'TRACES' | 'METRICS' | 'LOGS';
  /** The end of the HTTP endpoint. */
  path: string;
  /** The gRPC method. */
  method: string;
}

export const TRACES: Signal = {
  infix: 'TRACES',
  path: 'v1/traces',
  method: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
};

export const METRICS: Signal = {
  infix: 'METRICS',
  path: 'v1/metrics',
  method: '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export',
};

export const LOGS: Signal = {
  infix: 'LOGS',
  path: 'v1/logs',
  method: '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
};
