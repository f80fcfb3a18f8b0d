// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { EXIT, UserError } from '../../src/errors.ts';
import { readLogSettings } from '../../src/logs/settings.ts';
import { readMetricSettings } from '../../src/metrics/settings.ts';
import { readConnection } from '../../src/sinks/otlp/connection.ts';
import { readEndpoint } from '../../src/sinks/otlp/endpoint.ts';
import { readHeaders } from '../../src/sinks/otlp/headers.ts';
import { readLimits } from '../../src/sinks/otlp/limits.ts';
import { readResourceAttributes } from '../../src/sinks/otlp/resource-attributes.ts';
import { readSettings } from '../../src/sinks/otlp/settings.ts';
import { printable } from '../../src/terminal.ts';
import { anyText, mutatedText } from './arbitraries.ts';
import { property, refusing } from './property.ts';

/** A usage error of one line. */
const isOwn = (error: Error) =>
  error instanceof UserError && error.exitCode === EXIT.USAGE && printable(error.message) === error.message;

const OTLP = [
  'ENDPOINT',
  'PROTOCOL',
  'HEADERS',
  'TIMEOUT',
  'COMPRESSION',
  'INSECURE',
  'CERTIFICATE',
  'CLIENT_CERTIFICATE',
  'CLIENT_KEY',
];
const NAMES = [
  ...OTLP.flatMap((what) =>
    ['', 'TRACES_', 'METRICS_', 'LOGS_'].map((signal) => `OTEL_EXPORTER_OTLP_${signal}${what}`),
  ),
  ...[
    'OTEL_SDK_DISABLED',
    'OTEL_LOG_LEVEL',
    'OTEL_RESOURCE_ATTRIBUTES',
    'OTEL_SERVICE_NAME',
    'OTEL_TRACES_SAMPLER',
    'OTEL_TRACES_SAMPLER_ARG',
  ],
  ...[
    'OTEL_BSP_SCHEDULE_DELAY',
    'OTEL_BSP_EXPORT_TIMEOUT',
    'OTEL_BSP_MAX_QUEUE_SIZE',
    'OTEL_BSP_MAX_EXPORT_BATCH_SIZE',
    'OTEL_NODE_RESOURCE_DETECTORS',
  ],
  ...[
    'OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT',
    'OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT',
    'OTEL_SPAN_EVENT_COUNT_LIMIT',
    'OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT',
  ],
  ...[
    'OTEL_METRICS_EXPORTER',
    'OTEL_METRIC_EXPORT_INTERVAL',
    'OTEL_METRICS_EXEMPLAR_FILTER',
    'OTEL_EXPORTER_PROMETHEUS_HOST',
    'OTEL_EXPORTER_PROMETHEUS_PORT',
  ],
  ...[
    'OTEL_LOGS_EXPORTER',
    'OTEL_BLRP_SCHEDULE_DELAY',
    'OTEL_BLRP_MAX_QUEUE_SIZE',
    'http_proxy',
    'https_proxy',
    'grpc_proxy',
    'no_proxy',
  ],
] as const;
const TAKEN = [
  'http://localhost:4317',
  'https://a.example:443/x?y=1#z',
  'http://u:p@[::1]:80',
  'unix:///run/otlp',
  'a:1',
  'grpc',
  'http/protobuf',
  'gzip',
  'true',
  '5000',
  'a=b,c=%20d',
  'otlp,console',
  'parentbased_traceidratio',
  '0.25',
  'always_on',
  '/dev/null',
  '*',
  '10.0.0.0/8',
  'debug',
  'host,env',
];
const value = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...TAKEN) },
  mutatedText(fc.constantFrom(...TAKEN)),
  anyText(40),
);
const environment = fc.dictionary(fc.constantFrom(...NAMES), value, { maxKeys: 8, noNullPrototype: true });

property('variables: settings, or a usage error', environment, (env) => {
  for (const read of [readSettings, readLimits, readConnection, readMetricSettings, readLogSettings]) {
    const settings = refusing(() => read(env) as object, isOwn);
    for (const one of Object.values(settings ?? {})) if (typeof one === 'number') assert.ok(one >= 0);
  }
});

property(
  'an endpoint is one that can be reached, and shows no secret',
  fc.tuple(value, fc.constantFrom('grpc' as const, 'http/protobuf' as const)),
  ([text, protocol]) => {
    const endpoint = refusing(() => readEndpoint({ OTEL_EXPORTER_OTLP_ENDPOINT: text }, protocol), isOwn);
    if (endpoint === undefined) return;
    const { address, shown, port } = endpoint;
    assert.equal(printable(shown), shown);
    assert.ok(!/[@?#]/.test(shown) || shown.startsWith('unix:'));
    assert.ok(port === undefined || (port > 0 && port < 65_536));
    if (protocol !== 'grpc') assert.ok(URL.canParse(address));
  },
);

property(
  'headers are ones that the transport takes',
  fc.tuple(value, fc.constantFrom('grpc' as const, 'http/protobuf' as const)),
  ([text, protocol]) => {
    const headers = refusing(() => readHeaders({ OTEL_EXPORTER_OTLP_HEADERS: text }, protocol), isOwn);
    for (const [name, one] of headers ?? []) {
      assert.doesNotThrow(() => new Headers([[name, String(one)]]));
      assert.equal(name, name.toLowerCase());
    }
  },
);

const pairs = fc.uniqueArray(
  fc.tuple(anyText(16), anyText(24)).map((pair) => pair.map((text) => text.toWellFormed()) as [string, string]),
  { maxLength: 6, selector: ([name]) => name },
);

property("the agent's own attributes are read as they were written", pairs, (all) => {
  const named = all.filter(([name, text]) => name !== '' && text !== '');
  const text = named.map(([name, one]) => `${encodeURIComponent(name)}=${encodeURIComponent(one)}`).join(',');
  assert.deepEqual(
    Object.entries(readResourceAttributes({ OTEL_RESOURCE_ATTRIBUTES: text })).sort(),
    [...named].sort(),
  );
});

property(
  "any text as the agent's own attributes",
  fc.oneof(mutatedText(fc.constant('a=b,service.name=shop,c=%C3%A9')), anyText(60)),
  (text) => {
    const found = refusing(() => readResourceAttributes({ OTEL_RESOURCE_ATTRIBUTES: text }), isOwn) ?? {};
    assert.ok(Object.entries(found).every(([name, one]) => name !== '' && one !== ''));
  },
);
