// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readConnection } from '../../../../src/sinks/otlp/connection.ts';
import { METRICS, TRACES } from '../../../../src/sinks/otlp/signal.ts';

const HTTP = 'http/protobuf';

test('a variable of a signal comes before the general one, and is none of the other signal', () => {
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://general:1',
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://traces:2/path',
    OTEL_EXPORTER_OTLP_PROTOCOL: HTTP,
    OTEL_EXPORTER_OTLP_METRICS_PROTOCOL: 'grpc',
    OTEL_EXPORTER_OTLP_HEADERS: 'a=1,b=2',
    OTEL_EXPORTER_OTLP_METRICS_HEADERS: 'b=3',
    OTEL_EXPORTER_OTLP_TRACES_COMPRESSION: 'gzip',
    OTEL_EXPORTER_OTLP_METRICS_TIMEOUT: '7',
  };
  const traces = readConnection(env, TRACES);
  const metrics = readConnection(env, METRICS);
  assert.equal(traces.endpoint.address, 'http://traces:2/path');
  assert.match(metrics.endpoint.address, /general:1$/);
  assert.deepEqual([traces.protocol, metrics.protocol], [HTTP, 'grpc']);
  assert.deepEqual(Object.fromEntries(traces.headers), { a: '1', b: '2' });
  assert.deepEqual(Object.fromEntries(metrics.headers), { a: '1', b: '3' });
  assert.deepEqual([traces.gzip, metrics.gzip], [true, false]);
  assert.deepEqual([traces.timeoutMs, metrics.timeoutMs], [10_000, 7]);
});

test('each signal has its path below a general HTTP endpoint', () => {
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://general:1/below', OTEL_EXPORTER_OTLP_PROTOCOL: HTTP };
  assert.equal(readConnection(env, TRACES).endpoint.address, 'http://general:1/below/v1/traces');
  assert.equal(readConnection(env, METRICS).endpoint.address, 'http://general:1/below/v1/metrics');
  const query = { ...env, OTEL_EXPORTER_OTLP_ENDPOINT: 'http://general:1/?a' };
  assert.throws(
    () => readConnection(query, METRICS),
    /^SettingError: OTEL_EXPORTER_OTLP_ENDPOINT: v1\/metrics cannot .*_METRICS_ENDPOINT\.$/,
  );
});

test('a file that both signals name is read once: it may be a pipe, or be replaced in between', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'compactstall-signal-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'ca.pem');
  const fixture = (name: string) => fileURLToPath(new URL(`../../../fixtures/tls/${name}`, import.meta.url));
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: 'https://general:1', OTEL_EXPORTER_OTLP_CERTIFICATE: file };
  copyFileSync(fixture('own.pem'), file);
  const { files } = readConnection(env, TRACES);
  copyFileSync(fixture('other.pem'), file);
  assert.deepEqual(readConnection(env, METRICS).files, files);
});
