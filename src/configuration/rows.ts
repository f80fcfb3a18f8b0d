// SPDX-License-Identifier: Apache-2.0
import { exporterRows } from './exporter-rows.ts';
import { CannotHonour, fixed, list, present, type Row, scalar, word } from './row.ts';
import { SAMPLER_ROWS } from './sampler-rows.ts';

const refused = (path: string, why: string): Row => ({ path, kind: 'refused', why });
const unused = (path: string, why: string): Row => ({ path, kind: 'unused', why });

const LEVELS: Readonly<Record<string, string>> = {
  trace: 'verbose',
  debug: 'debug',
  info: 'info',
  warn: 'warn',
  error: 'error',
  fatal: 'error',
};

const LANGUAGES = ['cpp', 'dotnet', 'erlang', 'go', 'java', 'php', 'python', 'ruby', 'rust', 'swift'];

const PROCESSOR = 'tracer_provider.processors[]';
const LOG_PROCESSOR = 'logger_provider.processors[]';
const READER = 'meter_provider.readers[]';
const PERIODIC = `${READER}.periodic`;
const PROMETHEUS = `${READER}.pull.exporter.prometheus/development`;
const DETECTION = 'resource.detection/development';

/** The part of the file that `run`, `replay` and `doctor` read themselves. */
export const OWN_PATH = 'instrumentation/development.js.compactstall';

/**
 * What the agent makes of each part of the standard's file. A row is for the key and all below it, unless these have rows themselves.
 * In each mapping keys are taken in the order of this table.
 */
export const ROWS: readonly Row[] = [
  { path: 'file_format', kind: 'honoured', variables: [], translate: () => ({}) },
  scalar('disabled', 'OTEL_SDK_DISABLED'),
  word(
    'log_level',
    'OTEL_LOG_LEVEL',
    (level) => LEVELS[level.replace(/\d$/, '')],
    'of the OpenTelemetry libraries; `fatal` is `error`, and a number does not count',
  ),
  scalar('attribute_limits.attribute_value_length_limit', 'OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT'),
  scalar('attribute_limits.attribute_count_limit', 'OTEL_ATTRIBUTE_COUNT_LIMIT'),

  list('resource.attributes_list', 'OTEL_RESOURCE_ATTRIBUTES', String),
  list(
    'resource.attributes',
    'OTEL_RESOURCE_ATTRIBUTES',
    (value) => resourceAttributes(value as Attribute[]),
    'text only',
  ),
  {
    path: `${DETECTION}.detectors`,
    kind: 'honoured',
    variables: ['OTEL_NODE_RESOURCE_DETECTORS'],
    note: '`host` and `os` are always used, and `resource.attributes` too',
    translate: (value) => ({ OTEL_NODE_RESOURCE_DETECTORS: detectors(value as Record<string, unknown>[]) }),
  },
  refused(`${DETECTION}.attributes`, 'the agent keeps all that a detector finds; leave the detector out'),
  refused('resource.schema_url', 'the agent names the schema of its attributes itself; leave it out'),

  scalar(`${PROCESSOR}.batch.schedule_delay`, 'OTEL_BSP_SCHEDULE_DELAY'),
  scalar(`${PROCESSOR}.batch.export_timeout`, 'OTEL_BSP_EXPORT_TIMEOUT'),
  scalar(`${PROCESSOR}.batch.max_queue_size`, 'OTEL_BSP_MAX_QUEUE_SIZE'),
  scalar(`${PROCESSOR}.batch.max_export_batch_size`, 'OTEL_BSP_MAX_EXPORT_BATCH_SIZE'),
  ...exporterRows(`${PROCESSOR}.batch.exporter`, 'TRACES'),
  present(refused(`${PROCESSOR}.batch.exporter.otlp_file/development`, 'write a recording with output: json:FILE')),
  present(refused(`${PROCESSOR}.batch.exporter.console`, 'print events with output: json')),
  present(refused(`${PROCESSOR}.simple`, 'the agent sends spans in batches; use batch')),
  scalar('tracer_provider.limits.attribute_value_length_limit', 'OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT'),
  scalar('tracer_provider.limits.attribute_count_limit', 'OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT'),
  scalar('tracer_provider.limits.event_count_limit', 'OTEL_SPAN_EVENT_COUNT_LIMIT'),
  scalar('tracer_provider.limits.event_attribute_count_limit', 'OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT'),
  unused('tracer_provider.limits.link_count_limit', 'a span of the agent has at most one link'),
  unused('tracer_provider.limits.link_attribute_count_limit', 'the links of the agent have no attributes'),
  ...SAMPLER_ROWS,
  refused('tracer_provider.id_generator', 'the agent makes ids that a replay repeats; leave it out'),
  refused('tracer_provider.tracer_configurator/development', 'the agent has one tracer; turn it off with disabled'),

  scalar(`${PERIODIC}.interval`, 'OTEL_METRIC_EXPORT_INTERVAL', 'one interval for all readers'),
  scalar(`${PERIODIC}.timeout`, 'OTEL_METRIC_EXPORT_TIMEOUT', 'one timeout for all readers'),
  refused(`${PERIODIC}.max_export_batch_size/development`, 'the agent sends all metrics in one request; leave it out'),
  ...exporterRows(`${PERIODIC}.exporter`, 'METRICS'),
  present(refused(`${PERIODIC}.exporter.otlp_file/development`, 'the agent writes no metrics to files; use otlp_grpc')),
  {
    path: `${PERIODIC}.exporter.console`,
    kind: 'honoured',
    variables: ['OTEL_METRICS_EXPORTER'],
    note: "Prometheus' text on standard error",
    presence: true,
    into: true,
    list: true,
    translate: () => ({ OTEL_METRICS_EXPORTER: 'console' }),
  },
  fixed(`${PERIODIC}.exporter.console.temporality_preference`, 'cumulative', 'the text has sums since the start'),
  fixed(
    `${PERIODIC}.exporter.console.default_histogram_aggregation`,
    'explicit_bucket_histogram',
    'the text has buckets',
  ),
  refused(`${PERIODIC}.producers`, 'the agent takes no metrics of others; leave it out'),
  refused(`${PERIODIC}.cardinality_limits`, 'the agent bounds its metrics itself; leave it out'),
  {
    path: PROMETHEUS,
    kind: 'honoured',
    variables: ['OTEL_METRICS_EXPORTER'],
    presence: true,
    into: true,
    list: true,
    translate: () => ({ OTEL_METRICS_EXPORTER: 'prometheus' }),
  },
  scalar(`${PROMETHEUS}.host`, 'OTEL_EXPORTER_PROMETHEUS_HOST'),
  scalar(`${PROMETHEUS}.port`, 'OTEL_EXPORTER_PROMETHEUS_PORT'),
  fixed(`${PROMETHEUS}.scope_info_enabled`, false, 'the metrics have no labels for their scope'),
  fixed(`${PROMETHEUS}.target_info_enabled/development`, true, 'target_info is always there'),
  fixed(
    `${PROMETHEUS}.translation_strategy`,
    'underscore_escaping_with_suffixes',
    'names have underscores and the suffixes of their units',
  ),
  refused(`${PROMETHEUS}.resource_constant_labels`, 'the resource is in target_info alone; leave it out'),
  refused(`${READER}.pull.producers`, 'the agent takes no metrics of others; leave it out'),
  refused(`${READER}.pull.cardinality_limits`, 'the agent bounds its metrics itself; leave it out'),
  refused('meter_provider.views', 'the metrics of the agent are fixed; change them in the Collector'),
  scalar('meter_provider.exemplar_filter', 'OTEL_METRICS_EXEMPLAR_FILTER'),
  refused('meter_provider.meter_configurator/development', 'the agent has one meter; leave its reader out instead'),

  unused('propagator', 'the agent takes and makes no requests whose context would be propagated'),
  scalar(`${LOG_PROCESSOR}.batch.schedule_delay`, 'OTEL_BLRP_SCHEDULE_DELAY'),
  scalar(`${LOG_PROCESSOR}.batch.export_timeout`, 'OTEL_BLRP_EXPORT_TIMEOUT'),
  scalar(`${LOG_PROCESSOR}.batch.max_queue_size`, 'OTEL_BLRP_MAX_QUEUE_SIZE'),
  scalar(`${LOG_PROCESSOR}.batch.max_export_batch_size`, 'OTEL_BLRP_MAX_EXPORT_BATCH_SIZE'),
  ...exporterRows(`${LOG_PROCESSOR}.batch.exporter`, 'LOGS'),
  present(
    refused(`${LOG_PROCESSOR}.batch.exporter.otlp_file/development`, 'standard error has them with log_format: json'),
  ),
  present(unused(`${LOG_PROCESSOR}.batch.exporter.console`, 'messages are on standard error anyway')),
  present(refused(`${LOG_PROCESSOR}.simple`, 'the agent sends log records in batches; use batch')),
  present(
    refused(
      `${LOG_PROCESSOR}.event_to_span_event_bridge/development`,
      'the messages of the agent are in no span; leave it out',
    ),
  ),
  scalar('logger_provider.limits.attribute_value_length_limit', 'OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT'),
  scalar('logger_provider.limits.attribute_count_limit', 'OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT'),
  refused(
    'logger_provider.logger_configurator/development',
    'the agent has one logger; choose its messages with log_level',
  ),
  unused('distribution', 'it is for other distributions'),
  { path: OWN_PATH, kind: 'honoured', variables: [], note: 'the options of `run`', translate: () => ({}) },
  unused('instrumentation/development.general', 'the agent instruments no libraries'),
  ...LANGUAGES.map((language) => unused(`instrumentation/development.${language}`, 'it is for another language')),
  unused('instrumentation/development.js.*', 'it is for another instrumentation'),
];

interface Attribute {
  name: string;
  value: unknown;
  type?: string | null;
}

/** In the form of OTEL_RESOURCE_ATTRIBUTES. */
function resourceAttributes(attributes: readonly Attribute[]): string {
  const pairs = attributes.flatMap(({ name, value, type }) => {
    if (value === null) return [];
    if (typeof value !== 'string' || (type ?? 'string') !== 'string') {
      throw new CannotHonour(`the value of ${name} is not text; quote it, and leave type out`);
    }
    return `${encodeURIComponent(name)}=${encodeURIComponent(value)}`;
  });
  return pairs.join(',');
}

/** Their names in the variable; `os` comes with `host`. */
const DETECTORS: Readonly<Record<string, string>> = { host: 'host', process: 'process', service: 'serviceinstance' };

function detectors(wanted: readonly Record<string, unknown>[]): string {
  const names = wanted.flatMap((detector) => Object.keys(detector));
  const known = names.map((name) => {
    if (DETECTORS[name] !== undefined) return DETECTORS[name];
    throw new CannotHonour(`the agent has no detector ${name}; expected some of ${Object.keys(DETECTORS).join(', ')}`);
  });
  // The variable's attributes are read by a detector as well.
  return [...known, 'env'].join(',');
}
