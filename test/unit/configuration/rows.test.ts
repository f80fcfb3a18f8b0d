// SPDX-License-Identifier: Apache-2.0
// Each row of the table is read from a file, and the table has all keys of the standard's schema.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { standardSchema } from '../../../docs/generate/configuration-schema.ts';
import type { Row } from '../../../src/configuration/row.ts';
import { ROWS } from '../../../src/configuration/rows.ts';
import { resolved, type Schema } from '../../../src/configuration/schema.ts';
import { fixture } from '../fixtures.ts';
import { fileOf, read, refusal } from './file.ts';

const TLS = { cert_file: fixture('tls/own.pem').pathname, key_file: fixture('tls/own.key').pathname };

/** What a file says in each row, and the variables that it becomes; by the end of the path, where several rows are alike. */
const SAMPLES: Readonly<Record<string, readonly [value: unknown, becomes?: Record<string, string>]>> = {
  file_format: ['1.1'],
  disabled: [true, { OTEL_SDK_DISABLED: 'true' }],
  log_level: ['warn3', { OTEL_LOG_LEVEL: 'warn' }],
  'attribute_limits.attribute_value_length_limit': [64, { OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT: '64' }],
  'attribute_limits.attribute_count_limit': [9, { OTEL_ATTRIBUTE_COUNT_LIMIT: '9' }],
  'resource.attributes_list': ['a=1,b=%2C', { OTEL_RESOURCE_ATTRIBUTES: 'a=1,b=%2C' }],
  'resource.attributes': [
    [
      { name: 'a,b', value: 'c=d' },
      { name: 'no', value: null },
      { name: 'e', value: 'f', type: 'string' },
    ],
    { OTEL_RESOURCE_ATTRIBUTES: 'a%2Cb=c%3Dd,e=f' },
  ],
  'resource.detection/development.detectors': [
    [{ host: null }, { process: null }, { service: null }],
    { OTEL_NODE_RESOURCE_DETECTORS: 'host,process,serviceinstance,env' },
  ],
  'resource.detection/development.attributes': [{ excluded: ['process.*'] }],
  'resource.schema_url': ['https://opentelemetry.io/schemas/1.30.0'],
  'batch.schedule_delay': [100, { OTEL_BSP_SCHEDULE_DELAY: '100' }],
  'batch.export_timeout': [200, { OTEL_BSP_EXPORT_TIMEOUT: '200' }],
  'batch.max_queue_size': [300, { OTEL_BSP_MAX_QUEUE_SIZE: '300' }],
  'batch.max_export_batch_size': [400, { OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '400' }],
  'processors[].simple': [{ exporter: { console: null } }],
  'exporter.otlp_http': [null, { OTEL_X_EXPORTER: 'otlp', OTEL_EXPORTER_OTLP_X_PROTOCOL: 'http/protobuf' }],
  'exporter.otlp_grpc': [null, { OTEL_X_EXPORTER: 'otlp', OTEL_EXPORTER_OTLP_X_PROTOCOL: 'grpc' }],
  endpoint: ['http://127.0.0.1:5/x', { OTEL_EXPORTER_OTLP_X_ENDPOINT: 'http://127.0.0.1:5/x' }],
  headers_list: ['a=b', { OTEL_EXPORTER_OTLP_X_HEADERS: 'a=b' }],
  headers: [
    [
      { name: 'a', value: 'b,c' },
      { name: 'd', value: null },
    ],
    { OTEL_EXPORTER_OTLP_X_HEADERS: 'a=b%2Cc' },
  ],
  compression: ['gzip', { OTEL_EXPORTER_OTLP_X_COMPRESSION: 'gzip' }],
  timeout: [700, { OTEL_EXPORTER_OTLP_X_TIMEOUT: '700' }],
  'tls.ca_file': [
    fixture('tls/other.pem').pathname,
    { OTEL_EXPORTER_OTLP_X_CERTIFICATE: fixture('tls/other.pem').pathname },
  ],
  'tls.cert_file': [TLS.cert_file, { OTEL_EXPORTER_OTLP_X_CLIENT_CERTIFICATE: TLS.cert_file }],
  'tls.key_file': [TLS.key_file, { OTEL_EXPORTER_OTLP_X_CLIENT_KEY: TLS.key_file }],
  'tls.insecure': [true, { OTEL_EXPORTER_OTLP_X_INSECURE: 'true' }],
  encoding: ['protobuf'],
  temporality_preference: ['low_memory', { OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: 'lowmemory' }],
  default_histogram_aggregation: ['base2_exponential_bucket_histogram'],
  'otlp_file/development': [{ output_stream: 'stdout' }],
  'processors[].batch.exporter.console': [null],
  'tracer_provider.limits.attribute_value_length_limit': [5, { OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT: '5' }],
  'tracer_provider.limits.attribute_count_limit': [6, { OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT: '6' }],
  'tracer_provider.limits.event_count_limit': [7, { OTEL_SPAN_EVENT_COUNT_LIMIT: '7' }],
  'tracer_provider.limits.event_attribute_count_limit': [8, { OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT: '8' }],
  'tracer_provider.limits.link_count_limit': [1],
  'tracer_provider.limits.link_attribute_count_limit': [1],
  'sampler.always_on': [null, { OTEL_TRACES_SAMPLER: 'always_on' }],
  'sampler.always_off': [null, { OTEL_TRACES_SAMPLER: 'always_off' }],
  'sampler.trace_id_ratio_based': [
    { ratio: 0.25 },
    { OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.25' },
  ],
  'sampler.parent_based': [
    { root: { trace_id_ratio_based: { ratio: 0.5 } }, local_parent_not_sampled: { always_off: null } },
    { OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.5' },
  ],
  'composite/development': [{ always_on: null }],
  'jaeger_remote/development': [{ endpoint: 'http://h', initial_sampler: { always_on: null } }],
  'probability/development': [{ ratio: 0.5 }],
  'tracer_provider.id_generator': [{ random: null }],
  'tracer_configurator/development': [{ default_config: { enabled: true } }],
  'periodic.interval': [5000, { OTEL_METRIC_EXPORT_INTERVAL: '5000' }],
  'periodic.timeout': [6000, { OTEL_METRIC_EXPORT_TIMEOUT: '6000' }],
  'max_export_batch_size/development': [10],
  'periodic.exporter.console': [null, { OTEL_METRICS_EXPORTER: 'console' }],
  'console.temporality_preference': ['cumulative'],
  'console.default_histogram_aggregation': ['explicit_bucket_histogram'],
  producers: [[{ opencensus: null }]],
  cardinality_limits: [{ default: 100 }],
  'exporter.prometheus/development': [null, { OTEL_METRICS_EXPORTER: 'prometheus' }],
  'prometheus/development.host': ['0.0.0.0', { OTEL_EXPORTER_PROMETHEUS_HOST: '0.0.0.0' }],
  'prometheus/development.port': [9999, { OTEL_EXPORTER_PROMETHEUS_PORT: '9999' }],
  scope_info_enabled: [false],
  'target_info_enabled/development': [true],
  translation_strategy: ['underscore_escaping_with_suffixes'],
  resource_constant_labels: [{ included: ['a'] }],
  'meter_provider.views': [[{ selector: { instrument_name: 'x' }, stream: { name: 'y' } }]],
  exemplar_filter: ['always_off', { OTEL_METRICS_EXEMPLAR_FILTER: 'always_off' }],
  'meter_configurator/development': [{ default_config: { enabled: true } }],
  propagator: [{ composite: [{ tracecontext: null }] }],
  'logger_provider.processors[].batch.schedule_delay': [100, { OTEL_BLRP_SCHEDULE_DELAY: '100' }],
  'logger_provider.processors[].batch.export_timeout': [200, { OTEL_BLRP_EXPORT_TIMEOUT: '200' }],
  'logger_provider.processors[].batch.max_queue_size': [300, { OTEL_BLRP_MAX_QUEUE_SIZE: '300' }],
  'logger_provider.processors[].batch.max_export_batch_size': [250, { OTEL_BLRP_MAX_EXPORT_BATCH_SIZE: '250' }],
  'logger_provider.limits.attribute_value_length_limit': [5, { OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT: '5' }],
  'logger_provider.limits.attribute_count_limit': [6, { OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT: '6' }],
  'event_to_span_event_bridge/development': [null],
  'logger_configurator/development': [{ default_config: { enabled: true } }],
  distribution: [{ other: {} }],
  'js.compactstall': [{ stack: 'none' }],
  'instrumentation/development.general': [{ stability_opt_in_list: 'http' }],
  'js.*': [{}],
};
/** Of other languages. */
const LANGUAGE: readonly [unknown] = [{ other: {} }];

function sampleOf(path: string): readonly [value: unknown, becomes?: Record<string, string>] {
  const ends = Object.keys(SAMPLES).filter((end) => path === end || path.endsWith(`.${end}`));
  const [longest] = ends.sort((a, b) => b.length - a.length);
  if (longest === undefined) return LANGUAGE;
  const infix = { meter_provider: 'METRICS', logger_provider: 'LOGS' }[path.split('.')[0]!] ?? 'TRACES';
  const [value, becomes = {}] = SAMPLES[longest]!;
  return [
    value,
    Object.fromEntries(Object.entries(becomes).map(([name, to]) => [name.replace('_X_', `_${infix}_`), to])),
  ];
}

/** A value at a path, with the neighbours that the standard requires. */
function modelOf(path: string, value: unknown): Record<string, unknown> {
  const steps = path.replace('.*', '.express').split('.');
  let at: unknown = value;
  for (const step of steps.toReversed()) {
    const key = step.replace('[]', '');
    const beside: Record<string, unknown> = {};
    const hasExporter = typeof at === 'object' && at !== null && 'exporter' in at;
    if (key === 'batch' || key === 'periodic')
      at = hasExporter ? at : { ...(at as object), exporter: { otlp_grpc: null } };
    if (key === 'pull' && !hasExporter) at = { ...(at as object), exporter: { 'prometheus/development': null } };
    if (key === 'tls' && typeof at === 'object')
      at = path.endsWith('key_file') || path.endsWith('cert_file') ? TLS : at;
    if (key === 'logger_provider' && !('processors' in (at as object))) beside.processors = GRPC;
    if (key === 'tracer_provider' && !('processors' in (at as object))) beside.processors = GRPC;
    if (key === 'meter_provider' && !('readers' in (at as object))) beside.readers = PROMETHEUS;
    at = { [key]: step.endsWith('[]') ? [at] : isObject(at) ? { ...beside, ...at } : at };
  }
  return at as Record<string, unknown>;
}
const GRPC = [{ batch: { exporter: { otlp_grpc: null } } }];
const PROMETHEUS = [{ pull: { exporter: { 'prometheus/development': null } } }];
const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const fixed = ({ kind, path, ...row }: Row) =>
  kind === 'honoured' && 'variables' in row && row.variables.length === 0 && !/^file_format|compactstall$/.test(path);

describe('each row of the table', () => {
  for (const row of ROWS) {
    it(`${row.path} is ${row.kind}`, async (t) => {
      const [value, becomes = {}] = sampleOf(row.path);
      const file = fileOf(modelOf(row.path, value));
      const last = row.path.split('.').at(-1)!;
      if (row.kind === 'refused') {
        const [sentence = '', ...more] = await refusal(t, file);
        assert.match(sentence, /^\d+:\d+: /);
        assert.equal(sentence.replace(/^\d+:\d+: /, ''), `${last} cannot be honoured: ${row.why}.`);
        assert.deepEqual(more, []);
        return;
      }
      const { environments, unused } = await read(t, file);
      if (row.kind === 'unused') {
        assert.deepEqual(
          unused.map(({ why }) => why),
          [row.why],
        );
        return;
      }
      assert.deepEqual(unused, []);
      assert.deepEqual([...row.variables].sort(), Object.keys(becomes).sort());
      for (const [name, to] of Object.entries(becomes)) assert.equal(environments[0]![name], to, name);
    });
  }

  for (const row of ROWS.filter(fixed)) {
    it(`${row.path} has one value only`, async (t) => {
      const [value] = sampleOf(row.path);
      const others: Record<string, unknown> = {
        encoding: 'json',
        temporality_preference: 'delta',
        default_histogram_aggregation:
          value === 'explicit_bucket_histogram' ? 'base2_exponential_bucket_histogram' : 'explicit_bucket_histogram',
        translation_strategy: 'no_translation/development',
      };
      const other = typeof value === 'boolean' ? !value : others[row.path.split('.').at(-1)!];
      const [sentence = ''] = await refusal(t, fileOf(modelOf(row.path, other)));
      assert.match(sentence, / cannot be honoured: .*; use .*, or leave it out\.$/);
    });
  }
});

describe('the table and the standard’s schema', () => {
  const schema = standardSchema() as Schema;
  const inSchema = pathsOf(schema);

  it('has a row for each key, or for one above it', () => {
    const paths = new Set(ROWS.map(({ path }) => path));
    const covered = (path: string) => {
      const steps = path.split('.');
      if (paths.has(`${path}.*`)) return true;
      return steps.some((_, i) => {
        const above = steps.slice(0, i + 1).join('.');
        return paths.has(above) || paths.has(above.replace(/\[\]$/, ''));
      });
    };
    assert.ok(inSchema.length > 150, `${inSchema.length}`);
    assert.deepEqual(
      inSchema.filter((path) => !covered(path)),
      [],
    );
  });

  it('has no other row', () => {
    const known = new Set(
      inSchema.flatMap((path) => path.split('.').map((_, i, all) => all.slice(0, i + 1).join('.'))),
    );
    const own = /^instrumentation\/development\.js\./;
    const unknown = ROWS.filter(({ path }) => !own.test(path) && !known.has(path) && !known.has(`${path}[]`));
    assert.deepEqual(unknown, []);
  });
});

/** All paths of values in the schema; of a part that has itself as a part, once. */
function pathsOf(schema: Schema): string[] {
  const paths: string[] = [];
  const visit = (described: Schema | undefined, path: string, within: readonly (Schema | undefined)[]) => {
    const here = resolved(schema, described);
    const keys = Object.entries(here?.properties ?? {});
    if (here?.items && !within.includes(here)) return visit(here.items, `${path}[]`, [...within, here]);
    if (keys.length === 0 || within.includes(here)) return paths.push(path);
    for (const [key, below] of keys) visit(below, path === '' ? key : `${path}.${key}`, [...within, here]);
  };
  visit(schema, '', []);
  // Of other languages.
  return paths.filter(
    (path) => !/^instrumentation\/development\.(?!general)/.test(path) || path.split('.').length === 2,
  );
}
