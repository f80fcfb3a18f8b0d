// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EXIT, type UserError } from '../../../src/errors.ts';
import { metricExporters } from '../../../src/metrics/configured.ts';
import { readMetricSettings } from '../../../src/metrics/settings.ts';

const OTLP = { OTEL_METRICS_EXPORTER: 'otlp' };

test('metrics are wanted when a variable asks for them, and not because spans are', () => {
  for (const [env, exporters] of [
    [{}, []],
    [{ OTEL_METRICS_EXPORTER: ' ' }, []],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://localhost:4317' }, []],
    [OTLP, ['otlp']],
    [{ OTEL_METRICS_EXPORTER: 'otlp, prometheus' }, ['otlp', 'prometheus']],
    [{ OTEL_METRICS_EXPORTER: 'none' }, []],
    [{ OTEL_METRICS_EXPORTER: 'otlp,none' }, []],
    [{ ...OTLP, OTEL_SDK_DISABLED: 'true' }, []],
    [{ OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'http://localhost:4317' }, ['otlp']],
    [{ OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: ' ' }, []],
    [{ OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'http://c', OTEL_METRICS_EXPORTER: 'none' }, []],
    [{ OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'http://c', OTEL_METRICS_EXPORTER: 'console' }, ['console']],
    [{ OTEL_EXPORTER_OTLP_METRICS_PROTOCOL: 'grpc' }, []],
  ] as const) {
    assert.deepEqual(metricExporters(env), exporters, JSON.stringify(env));
  }
});

test('defaults are the standard’s', () => {
  const { intervalMs, timeoutMs, preference, exemplars, listen, connection } = readMetricSettings(OTLP);
  assert.deepEqual([intervalMs, timeoutMs, preference, exemplars], [60_000, 30_000, 'cumulative', true]);
  assert.deepEqual(listen, { host: '127.0.0.1', port: 9464 });
  assert.equal(connection?.destination, 'http://localhost:4317');
  assert.equal(readMetricSettings({ OTEL_METRICS_EXPORTER: 'prometheus' }).connection, undefined);
});

test('each variable does what it says', () => {
  const env = {
    ...OTLP,
    OTEL_METRIC_EXPORT_INTERVAL: '5000',
    OTEL_METRIC_EXPORT_TIMEOUT: '700',
    OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: 'LowMemory',
    OTEL_METRICS_EXEMPLAR_FILTER: 'always_off',
    OTEL_EXPORTER_PROMETHEUS_HOST: '::1',
    OTEL_EXPORTER_PROMETHEUS_PORT: '0',
    OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'http://metrics:1',
  };
  const { intervalMs, timeoutMs, preference, exemplars, listen, connection } = readMetricSettings(env);
  assert.deepEqual([intervalMs, timeoutMs, preference, exemplars], [5000, 700, 'lowmemory', false]);
  assert.deepEqual(listen, { host: '::1', port: 0 });
  assert.equal(connection?.destination, 'http://metrics:1');
});

test('an unusable value gives a sentence with the variable and the allowed values, never the value', () => {
  for (const [env, sentence] of [
    [{ OTEL_METRICS_EXPORTER: 'otlp,BAD' }, /^OTEL_METRICS_EXPORTER: allowed are otlp, prometheus, console, none\.$/],
    [{ OTEL_METRIC_EXPORT_INTERVAL: '0' }, /^OTEL_METRIC_EXPORT_INTERVAL: must be a whole number from 1/],
    [{ OTEL_METRIC_EXPORT_TIMEOUT: 'BAD' }, /^OTEL_METRIC_EXPORT_TIMEOUT: must/],
    [
      { OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: 'BAD' },
      /^\w+_PREFERENCE: allowed are cumulative, delta, lowmemory\.$/,
    ],
    [{ OTEL_METRICS_EXEMPLAR_FILTER: 'BAD' }, /^OTEL_METRICS_EXEMPLAR_FILTER: allowed are trace_based/],
    [
      { OTEL_EXPORTER_PROMETHEUS_HOST: 'BAD.example' },
      /^OTEL_EXPORTER_PROMETHEUS_HOST: must be an address of this host/,
    ],
    [
      { OTEL_EXPORTER_PROMETHEUS_PORT: '65536' },
      /^OTEL_EXPORTER_PROMETHEUS_PORT: must be a whole number from 0 to 65535\.$/,
    ],
    [
      { OTEL_EXPORTER_PROMETHEUS_PORT: 'BAD' },
      /^OTEL_EXPORTER_PROMETHEUS_PORT: must be a whole number from 0 to 65535\.$/,
    ],
    [{ OTEL_EXPORTER_OTLP_METRICS_PROTOCOL: 'BAD' }, /^OTEL_EXPORTER_OTLP_METRICS_PROTOCOL: allowed are grpc/],
    [{ OTEL_EXPORTER_OTLP_METRICS_HEADERS: 'BAD' }, /^OTEL_EXPORTER_OTLP_METRICS_HEADERS: pair 1/],
    [
      { OTEL_EXPORTER_OTLP_METRICS_CERTIFICATE: '/BAD' },
      /^OTEL_EXPORTER_OTLP_METRICS_CERTIFICATE: the file cannot be read/,
    ],
    [{ OTEL_RESOURCE_ATTRIBUTES: 'BAD' }, /^OTEL_RESOURCE_ATTRIBUTES: pair 1/],
  ] as const) {
    const expected = ({ exitCode, message }: UserError) =>
      exitCode === EXIT.USAGE && sentence.test(message) && !message.includes('BAD');
    assert.throws(() => readMetricSettings({ ...OTLP, ...env }), expected, JSON.stringify(env));
  }
});
