// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type TestContext, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { listen } from '../../../support/listen.ts';
import { event, events } from './events.ts';
import { LONG, sinkTo } from './sink-to.ts';
import { decodeRequest, encodeResponse, type WireSpan } from './wire.ts';

const HTTP = { OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf' };

/** A real HTTP server. It calls `answer` with the number of each request, which may end the response itself. */
async function startHttpServer(
  t: TestContext,
  answer: (request: number, response: ServerResponse) => number = () => 200,
  body: Buffer | string = encodeResponse(),
) {
  const seen = { port: 0, requests: [] as IncomingMessage[], spans: [] as WireSpan[] };
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    seen.requests.push(request);
    response.statusCode = answer(seen.requests.length - 1, response);
    const bytes = Buffer.concat(chunks);
    const plain = request.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes;
    if (response.statusCode === 200) seen.spans.push(...decodeRequest(plain));
    response.end(body);
  });
  seen.port = await listen(t, server);
  return seen;
}

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
    return request < 2 ? 503 : 200;
  });
  const { sink } = await sinkTo(server.port, HTTP);
  sink.write(events(3));
  await sink.close(LONG);
  assert.deepEqual(sink.books(), { accepted: 3, exported: 3, queued: 0, dropped: {} });
  assert.equal(server.spans.length, 3);
});

test('a collector that stays busy longer than a request may take is tried again', async (t) => {
  const server = await startHttpServer(t, (request) => (request < 2 ? 429 : 200));
  // Shorter than the transport's first wait: the transport gives up each time, and the sink goes on.
  const { sink, said } = await sinkTo(server.port, { ...HTTP, OTEL_EXPORTER_OTLP_TIMEOUT: '500' });
  sink.write(events(3));
  await sink.close(LONG);
  assert.equal(sink.books().exported, 3);
  assert.equal(server.requests.length, 3);
  assert.match(said[0]!, /HTTP 429, 502, 503 or 504, repeatedly; 3 spans queued, retrying/);
});

test('another status drops the batch and is reported', async (t) => {
  const server = await startHttpServer(t, () => 401, 'who are you');
  const { sink, said } = await sinkTo(server.port, HTTP);
  sink.write(events(3));
  await sink.close(LONG);
  assert.deepEqual(sink.books(), { accepted: 3, exported: 0, queued: 0, dropped: { http_401: 3 } });
  assert.match(said[0]!, /refused 3 spans \(http_401: HTTP 401 Unauthorized who are you\).*OTEL_EXPORTER_OTLP_HEADERS/);
});

test('a partial success over HTTP is counted', async (t) => {
  const server = await startHttpServer(t, () => 200, encodeResponse(2, 'too old'));
  const { sink, said } = await sinkTo(server.port, HTTP);
  sink.write(events(3));
  await sink.close(LONG);
  assert.deepEqual(sink.books(), { accepted: 3, exported: 1, queued: 0, dropped: { rejected: 2 } });
  assert.match(said[0]!, /rejected 2 of 3 spans: too old/);
});
