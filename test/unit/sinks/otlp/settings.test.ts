// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { type AddressInfo, connect, createServer } from 'node:net';
import { test } from 'node:test';
import { EXIT, type UserError } from '../../../../src/errors.ts';
import { checkEnvironment } from '../../../../src/sinks/otlp/check.ts';
import { otlpConfigured } from '../../../../src/sinks/otlp/configured.ts';
import { createOtlpSink } from '../../../../src/sinks/otlp/sink.ts';
import { event, events } from './events.ts';
import { startGrpcServer } from './grpc-server.ts';
import { LONG, sinkTo } from './sink-to.ts';

test('export is on when a variable asks for it', () => {
  const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://localhost:4317' };
  assert.equal(otlpConfigured({}), false);
  assert.equal(otlpConfigured({ OTEL_SERVICE_NAME: 'x' }), false);
  assert.equal(otlpConfigured(endpoint), true);
  assert.equal(otlpConfigured({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'x' }), true);
  assert.equal(otlpConfigured({ OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }), true);
  assert.equal(otlpConfigured({ OTEL_TRACES_EXPORTER: 'otlp' }), true);
  assert.equal(otlpConfigured({ OTEL_EXPORTER_OTLP_ENDPOINT: '  ' }), false);
  assert.equal(otlpConfigured({ OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'http://localhost:4317' }), false);
  assert.equal(otlpConfigured({ ...endpoint, OTEL_SDK_DISABLED: 'true' }), false);
  assert.equal(otlpConfigured({ ...endpoint, OTEL_SDK_DISABLED: 'false' }), true);
  assert.equal(otlpConfigured({ ...endpoint, OTEL_TRACES_EXPORTER: 'none' }), false);
  assert.equal(otlpConfigured({ ...endpoint, OTEL_TRACES_EXPORTER: 'console' }), false);
  assert.equal(otlpConfigured({ ...endpoint, OTEL_TRACES_EXPORTER: 'console, otlp' }), true);
  assert.equal(otlpConfigured({ ...endpoint, OTEL_TRACES_EXPORTER: ' ' }), true);
});

const OTLP = [
  ...['ENDPOINT', 'PROTOCOL', 'HEADERS', 'TIMEOUT', 'COMPRESSION', 'INSECURE'],
  ...['CERTIFICATE', 'CLIENT_CERTIFICATE', 'CLIENT_KEY'],
];
const VARIABLES = [
  ...OTLP.flatMap((name) => [`OTEL_EXPORTER_OTLP_${name}`, `OTEL_EXPORTER_OTLP_TRACES_${name}`]),
  ...[
    'OTEL_BSP_MAX_QUEUE_SIZE',
    'OTEL_BSP_MAX_EXPORT_BATCH_SIZE',
    'OTEL_BSP_SCHEDULE_DELAY',
    'OTEL_BSP_EXPORT_TIMEOUT',
  ],
  ...['OTEL_TRACES_SAMPLER', 'OTEL_TRACES_SAMPLER_ARG', 'OTEL_LOG_LEVEL', 'OTEL_SDK_DISABLED'],
  ...['OTEL_SERVICE_NAME', 'OTEL_RESOURCE_ATTRIBUTES', 'OTEL_NODE_RESOURCE_DETECTORS'],
  ...['OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT', 'OTEL_ATTRIBUTE_COUNT_LIMIT', 'OTEL_SPAN_EVENT_COUNT_LIMIT'],
  ...['http_proxy', 'grpc_proxy', 'no_proxy', 'NODE_EXTRA_CA_CERTS'],
];

test('an unusable value gives a sentence with the variable and the allowed values, never the value; run finds it before it starts', async () => {
  for (const [env, sentence] of [
    [{ OTEL_EXPORTER_OTLP_PROTOCOL: 'BAD' }, /^OTEL_EXPORTER_OTLP_PROTOCOL: allowed are grpc, http\/protobuf\.$/],
    [{ OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'BAD' }, /^OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: allowed/],
    [
      { OTEL_EXPORTER_OTLP_TIMEOUT: '0' },
      /^OTEL_EXPORTER_OTLP_TIMEOUT: must be a whole number from 1 to 2147483647\.$/,
    ],
    [{ OTEL_EXPORTER_OTLP_TRACES_TIMEOUT: '1e10' }, /^OTEL_EXPORTER_OTLP_TRACES_TIMEOUT: must/],
    [{ OTEL_EXPORTER_OTLP_TIMEOUT: '10s' }, /^OTEL_EXPORTER_OTLP_TIMEOUT: must/],
    [{ OTEL_EXPORTER_OTLP_COMPRESSION: 'BAD' }, /^OTEL_EXPORTER_OTLP_COMPRESSION: allowed are gzip, none\.$/],
    [{ OTEL_EXPORTER_OTLP_INSECURE: 'BAD' }, /^OTEL_EXPORTER_OTLP_INSECURE: allowed are true, false\.$/],
    [{ OTEL_SDK_DISABLED: 'BAD' }, /^OTEL_SDK_DISABLED: allowed are true, false\.$/],
    [{ OTEL_BSP_MAX_QUEUE_SIZE: '0' }, /^OTEL_BSP_MAX_QUEUE_SIZE: must be a whole number from 1/],
    [{ OTEL_BSP_SCHEDULE_DELAY: '1e99' }, /^OTEL_BSP_SCHEDULE_DELAY: must be a whole number from 0/],
    [{ OTEL_BSP_MAX_EXPORT_BATCH_SIZE: 'BAD' }, /^OTEL_BSP_MAX_EXPORT_BATCH_SIZE: /],
    [{ OTEL_BSP_EXPORT_TIMEOUT: '-1' }, /^OTEL_BSP_EXPORT_TIMEOUT: /],
    [{ OTEL_TRACES_SAMPLER: 'BAD' }, /^OTEL_TRACES_SAMPLER: allowed are always_on/],
    [{ OTEL_TRACES_SAMPLER: 'parentbased_\nBAD' }, /^OTEL_TRACES_SAMPLER: allowed are always_on/],
    [{ OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '2' }, /^OTEL_TRACES_SAMPLER_ARG: must/],
    [{ OTEL_NODE_RESOURCE_DETECTORS: 'host,BAD' }, /^OTEL_NODE_RESOURCE_DETECTORS: allowed are all, none, host/],
    [{ OTEL_NODE_RESOURCE_DETECTORS: 'all,BAD' }, /^OTEL_NODE_RESOURCE_DETECTORS: /],
    [{ OTEL_LOG_LEVEL: 'BAD' }, /^OTEL_LOG_LEVEL: allowed are NONE, ERROR/],
    [{ OTEL_SPAN_EVENT_COUNT_LIMIT: 'BAD' }, /^OTEL_SPAN_EVENT_COUNT_LIMIT: must be a whole number from 0/],
    [{ OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT: '0' }, /^OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT: must be a whole number from 1/],
    [{ OTEL_RESOURCE_ATTRIBUTES: 'BAD' }, /^OTEL_RESOURCE_ATTRIBUTES: pair 1/],
  ] as const) {
    const what = JSON.stringify(env);
    const expected = ({ exitCode, message }: UserError) =>
      exitCode === EXIT.USAGE && sentence.test(message) && !message.includes('BAD');
    assert.throws(() => checkEnvironment(env), expected, what);
    await assert.rejects(createOtlpSink({ stack: 'event', warn: () => {}, env }), expected, what);
  }
});

test('whatever a variable holds, it is accepted or refused, without its value', () => {
  const values = [
    '%',
    '%00',
    'a=%00',
    '__proto__',
    '__proto__=SECRET',
    'constructor',
    'SECRET=b=c',
    '-0',
    '0x10',
    'NaN',
    'Infinity',
    '1e3',
  ];
  values.push(
    'http://[',
    'http://x:80:80',
    '//SECRET',
    '@SECRET',
    'x:SECRET',
    ':1',
    'unix:',
    'file:///etc/passwd',
    'ipv4:1.2.3.4:5',
    '\x1b[2JSECRET',
    'a\nSECRET=c',
  );
  values.push(
    '/dev/null',
    '/proc/self/environ',
    'x'.repeat(100_000),
    ',,,',
    '=,=',
    ';',
    'none,all',
    'parentbased_',
    '\u{1F4A5}',
  );
  for (const name of VARIABLES) {
    for (const value of values) {
      for (const protocol of ['grpc', 'http/protobuf']) {
        const env = { OTEL_EXPORTER_OTLP_PROTOCOL: protocol, OTEL_TRACES_SAMPLER: 'traceidratio', [name]: value };
        try {
          checkEnvironment(env);
        } catch (error) {
          const { exitCode, message } = error as UserError;
          assert.equal(exitCode, EXIT.USAGE, `${name}=${value}: ${message}`);
          assert.match(message, new RegExp(`^${name}: \\P{C}{1,200}$`, 'u'));
          assert.doesNotMatch(message, /SECRET/);
        }
      }
    }
  }
});

test('a blank value is no value', () => {
  for (const blank of ['', ' ']) {
    checkEnvironment(Object.fromEntries(VARIABLES.map((name) => [name, blank])));
  }
});

test('headers of the environment reach a gRPC collector', async (t) => {
  const server = await startGrpcServer(t);
  const { sink } = await sinkTo(server.port, { OTEL_EXPORTER_OTLP_HEADERS: 'x-tenant=seven' });
  sink.write([event()]);
  await sink.close(LONG);
  assert.equal(server.spans.length, 1);
  const [metadata] = server.metadata;
  assert.deepEqual(metadata?.get('x-tenant'), ['seven']);
  assert.match(String(metadata?.get('user-agent')), /^compactstall\//);
});

test('compression of the environment is used over gRPC', async (t) => {
  const server = await startGrpcServer(t);
  // The server's library shows unpacked bytes; those on the wire are counted in between.
  let bytes = 0;
  const wire = createServer((from) => {
    const to = connect(server.port, '127.0.0.1');
    from.on('data', (chunk) => {
      bytes += chunk.length;
    });
    from.pipe(to).pipe(from);
    for (const socket of [from, to]) socket.on('error', () => {});
    t.after(() => {
      from.destroy();
      to.destroy();
    });
  });
  t.after(() => wire.close());
  await new Promise<void>((resolve) => wire.listen(0, '127.0.0.1', resolve));
  const { port } = wire.address() as AddressInfo;
  const { sink } = await sinkTo(port, { OTEL_EXPORTER_OTLP_TRACES_COMPRESSION: 'gzip' });
  sink.write(events(100));
  await sink.close(LONG);
  assert.equal(server.spans.length, 100);
  assert.ok(bytes < server.sizes[0]! / 4, `${bytes} of ${server.sizes[0]} bytes`);
});

test('an endpoint without a scheme uses plain text if told so, and otherwise TLS', async (t) => {
  const server = await startGrpcServer(t);
  const plain = { OTEL_EXPORTER_OTLP_ENDPOINT: `localhost:${server.port}`, OTEL_EXPORTER_OTLP_INSECURE: 'true' };
  const insecure = await sinkTo(0, plain);
  insecure.sink.write([event()]);
  await insecure.sink.close(LONG);
  assert.equal(insecure.sink.books().exported, 1);

  const secure = await sinkTo(0, { ...plain, OTEL_EXPORTER_OTLP_INSECURE: '' });
  secure.sink.write([event()]);
  while (secure.said.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.match(secure.said[0]!, /If it speaks plain text, use http:\/\/ or OTEL_EXPORTER_OTLP_INSECURE=true\.$/);
  await secure.sink.close(0);
  assert.deepEqual(secure.sink.books().dropped, { shutdown: 1 });
});

test('reading settings leaves process.env alone', async () => {
  const before = process.env;
  const copy = { ...before };
  const sink = await createOtlpSink({ stack: 'event', warn: () => {}, env: { OTEL_SERVICE_NAME: 'elsewhere' } });
  await sink.close(LONG);
  assert.equal(process.env, before);
  assert.deepEqual({ ...process.env }, copy);
});
