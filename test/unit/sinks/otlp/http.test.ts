// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { event, events } from './events.ts';
import { ACCEPTED, PROTOBUF, startHttpServer } from './http-server.ts';
import { LONG, sinkTo } from './sink-to.ts';
import { encodeResponse } from './wire.ts';

const HTTP = { OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf' };

test('http/protobuf: 5 000 events arrive once, with headers and compression of the environment', async (t) => {
  const server = await startHttpServer(t);
  const env = {
    ...HTTP,
    OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20x',
    OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
  };
  const { sink, said } = await sinkTo(server.port, env);
  sink.write(events(5_000));
  await sink.close(LONG);
  assert.deepEqual(sink.books(), { accepted: 5_000, exported: 5_000, queued: 0, dropped: {} });
  assert.equal(new Set(server.spans.map(({ spanId }) => spanId)).size, 5_000);
  assert.deepEqual(said, []);
  const { url, headers } = server.requests[0]!;
  assert.equal(url, '/v1/traces');
  assert.equal(headers.authorization, 'Bearer x');
  assert.equal(headers['content-type'], 'application/x-protobuf');
  assert.equal(headers['content-encoding'], 'gzip');
  assert.match(headers['user-agent']!, /^compactstall\//);
});

test('an index is a double over HTTP as well', async (t) => {
  const server = await startHttpServer(t);
  const { sink } = await sinkTo(server.port, HTTP);
  sink.write([event()]);
  await sink.close(LONG);
  const index = server.spans[0]?.attributes['compaction.fragmentation_index.end'];
  assert.deepEqual(index, { kind: 'double', value: -1 });
});

test('503 and a broken connection are tried again', async (t) => {
  const server = await startHttpServer(t, (request, response) => {
    if (request === 1) response.destroy();
    return request < 2 ? { status: 503 } : ACCEPTED;
  });
  const { sink } = await sinkTo(server.port, HTTP);
  sink.write(events(3));
  await sink.close(LONG);
  assert.deepEqual(sink.books(), { accepted: 3, exported: 3, queued: 0, dropped: {} });
  assert.equal(server.spans.length, 3);
});

test('a collector that stays busy is tried again', async (t) => {
  const server = await startHttpServer(t, (request) => (request < 2 ? { status: 429 } : ACCEPTED));
  const { sink, said } = await sinkTo(server.port, HTTP);
  sink.write(events(3));
  await sink.close(LONG);
  assert.equal(sink.books().exported, 3);
  assert.equal(server.requests.length, 3);
  assert.match(said[0]!, /does not accept spans now: HTTP 429 Too Many Requests; 3 spans queued, retrying/);
});

test('another status drops the batch and is reported', async (t) => {
  const server = await startHttpServer(t, () => ({ status: 401, body: 'who are you' }));
  const { sink, said } = await sinkTo(server.port, HTTP);
  sink.write(events(3));
  await sink.close(LONG);
  assert.deepEqual(sink.books(), { accepted: 3, exported: 0, queued: 0, dropped: { http_401: 3 } });
  assert.match(said[0]!, /refused 3 spans \(http_401: HTTP 401 Unauthorized who are you\).*OTEL_EXPORTER_OTLP_HEADERS/);
});

test('a partial success over HTTP is counted', async (t) => {
  const tooOld = { headers: PROTOBUF, body: encodeResponse(2, 'too old') };
  const server = await startHttpServer(t, (request) => (request === 0 ? tooOld : ACCEPTED));
  const { sink, said } = await sinkTo(server.port, HTTP);
  sink.write(events(3));
  await sink.close(LONG);
  assert.deepEqual(sink.books(), { accepted: 3, exported: 2, queued: 0, dropped: { rejected: 2 }, reports: 1 });
  assert.match(said[0]!, /rejected 2 of 3 spans: too old/);
});
