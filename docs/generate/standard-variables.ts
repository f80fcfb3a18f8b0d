// SPDX-License-Identifier: Apache-2.0
/** What the agent makes of each variable of OpenTelemetry's specification; a test sets each of them. */
export interface StandardVariables {
  /** The variables that are honoured or not in the same way. */
  names: readonly string[];
  /** A value that makes a difference, or is refused; for a variable that has no meaning here, any. */
  value: string;
  /** Other variables with which it has a meaning. */
  beside?: Record<string, string>;
  becomes: 'honoured' | 'refused' | 'unused';
  /** How it differs, or why it is not honoured. */
  note?: string;
}

const OTLP = 'OTEL_EXPORTER_OTLP_';
const ofOtlp = (what: string): string[] =>
  ['', 'TRACES_', 'METRICS_', 'LOGS_'].map((infix) => `${OTLP}${infix}${what}`);
const honoured = (name: string, value: string, more: Partial<StandardVariables> = {}): StandardVariables => ({
  names: [name],
  value,
  becomes: 'honoured',
  ...more,
});
const otlp = (what: string, value: string, more: Partial<StandardVariables> = {}): StandardVariables => ({
  ...honoured(what, value, more),
  names: ofOtlp(what),
});
const refused = (name: string, value: string, note: string): StandardVariables => ({
  names: [name],
  value,
  becomes: 'refused',
  note,
});
const unused = (names: readonly string[], note: string): StandardVariables => ({
  names,
  value: '7',
  becomes: 'unused',
  note,
});

const PLAIN = Object.fromEntries(ofOtlp('ENDPOINT').map((name) => [name, 'h:1']));

/** Paths are replaced by the test. */
export const FILES = { certificate: 'CERTIFICATE', key: 'KEY' };
const PAIR = Object.fromEntries(
  ['', 'TRACES_', 'METRICS_', 'LOGS_'].flatMap((infix) => [
    [`${OTLP}${infix}CLIENT_CERTIFICATE`, FILES.certificate],
    [`${OTLP}${infix}CLIENT_KEY`, FILES.key],
  ]),
);

export const STANDARD_VARIABLES: readonly StandardVariables[] = [
  honoured('OTEL_SDK_DISABLED', 'true', { note: 'spans that `-o otlp` asks for are sent' }),
  honoured('OTEL_RESOURCE_ATTRIBUTES', 'a=b'),
  honoured('OTEL_SERVICE_NAME', 'x'),
  honoured('OTEL_LOG_LEVEL', 'debug', {
    note: 'of the OpenTelemetry libraries; default `none`, as in the JavaScript SDK',
  }),
  honoured('OTEL_TRACES_SAMPLER', 'parentbased_always_off', { note: 'default `always_on`' }),
  refused(
    'OTEL_TRACES_SAMPLER',
    'jaeger_remote',
    'the agent has no remote samplers: `jaeger_remote`, `parentbased_jaeger_remote`, `xray`',
  ),
  honoured('OTEL_TRACES_SAMPLER_ARG', '0.5', { beside: { OTEL_TRACES_SAMPLER: 'traceidratio' } }),
  unused(['OTEL_PROPAGATORS'], 'the agent takes and makes no requests whose context would be propagated'),
  honoured('OTEL_BSP_SCHEDULE_DELAY', '77', { note: 'default 500' }),
  honoured('OTEL_BSP_EXPORT_TIMEOUT', '77'),
  honoured('OTEL_BSP_MAX_QUEUE_SIZE', '77', { note: 'default 65536' }),
  honoured('OTEL_BSP_MAX_EXPORT_BATCH_SIZE', '77', { note: 'default 2048' }),
  honoured('OTEL_BLRP_SCHEDULE_DELAY', '77'),
  honoured('OTEL_BLRP_EXPORT_TIMEOUT', '77', { note: 'for all tries of one request' }),
  honoured('OTEL_BLRP_MAX_QUEUE_SIZE', '77'),
  honoured('OTEL_BLRP_MAX_EXPORT_BATCH_SIZE', '77'),
  honoured('OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT', '77'),
  honoured('OTEL_ATTRIBUTE_COUNT_LIMIT', '77'),
  honoured('OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT', '77'),
  refused('OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT', '0', 'values would have no characters'),
  honoured('OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT', '77'),
  honoured('OTEL_SPAN_EVENT_COUNT_LIMIT', '77'),
  honoured('OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT', '77'),
  unused(['OTEL_SPAN_LINK_COUNT_LIMIT'], 'a span of the agent has at most one link'),
  unused(['OTEL_LINK_ATTRIBUTE_COUNT_LIMIT'], 'the links of the agent have no attributes'),
  honoured('OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT', '77'),
  honoured('OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT', '77'),
  otlp('ENDPOINT', 'https://other:2'),
  otlp('INSECURE', 'true', { beside: PLAIN, note: 'gRPC only, as in the standard' }),
  otlp('CERTIFICATE', FILES.certificate),
  otlp('CLIENT_CERTIFICATE', FILES.certificate, { beside: PAIR }),
  otlp('CLIENT_KEY', FILES.key, { beside: PAIR }),
  otlp('HEADERS', 'a=b'),
  otlp('COMPRESSION', 'gzip'),
  otlp('TIMEOUT', '77'),
  refused('OTEL_EXPORTER_OTLP_TIMEOUT', '0', 'a request without a limit would hold up all others'),
  otlp('PROTOCOL', 'http/protobuf', { note: 'default `grpc`, which the standard allows' }),
  refused('OTEL_EXPORTER_OTLP_PROTOCOL', 'http/json', 'the agent sends no JSON'),
  honoured('OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE', 'delta'),
  refused(
    'OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION',
    'explicit_bucket_histogram',
    'the kernel adds durations up in exponential buckets: only `base2_exponential_bucket_histogram` is allowed',
  ),
  unused(
    ['ENDPOINT', 'TIMEOUT', 'PROTOCOL'].map((what) => `OTEL_EXPORTER_ZIPKIN_${what}`),
    'the agent does not send to Zipkin; a Collector can',
  ),
  honoured('OTEL_EXPORTER_PROMETHEUS_HOST', '0.0.0.0'),
  honoured('OTEL_EXPORTER_PROMETHEUS_PORT', '77'),
  honoured('OTEL_TRACES_EXPORTER', 'none', {
    note: 'another exporter than `otlp` turns spans off; default: `otlp` if an endpoint or the like is set',
  }),
  honoured('OTEL_METRICS_EXPORTER', 'console', { note: 'default `none`' }),
  refused('OTEL_METRICS_EXPORTER', 'otlp/stdout', 'the agent prints metrics as Prometheus does: `console`'),
  honoured('OTEL_LOGS_EXPORTER', 'otlp', {
    note: 'default `none`; `console` changes nothing, as messages are on standard error anyway',
  }),
  refused('OTEL_LOGS_EXPORTER', 'otlp/stdout', 'standard error has the messages: `--log-format json`'),
  honoured('OTEL_METRICS_EXEMPLAR_FILTER', 'always_off'),
  honoured('OTEL_METRIC_EXPORT_INTERVAL', '77'),
  honoured('OTEL_METRIC_EXPORT_TIMEOUT', '77'),
];
