// SPDX-License-Identifier: Apache-2.0
// What the other side of a gRPC connection may be and say.
import assert from 'node:assert/strict';
import { createServer, type OutgoingHttpHeaders } from 'node:http2';
import type { Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { status } from '@grpc/grpc-js';
import { grpcFailure } from '../../../../src/sinks/otlp/grpc-failure.ts';
import { listen } from '../../../support/listen.ts';
import { events } from './events.ts';
import { type Answer, OK, startGrpcServer } from './grpc-server.ts';
import { startTcpServer } from './http-server.ts';
import { LONG, sinkTo } from './sink-to.ts';
import { encodeResponse } from './wire.ts';

const refusal = (code: status, details: string): Answer => ({ code, details });

/** The first frame of an HTTP/2 server. */
const EMPTY_SETTINGS = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);

/** The begin of a frame of headers, 16 383 bytes for the first stream. */
const HEADERS_BEGIN = Buffer.from([0, 0x3f, 0xff, 1, 4, 0, 0, 0, 1]);

/** An HTTP/2 server that is not gRPC. */
async function startPage(t: TestContext, headers: OutgoingHttpHeaders, body: string): Promise<number> {
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(Number(headers[':status'] ?? 200), { 'content-type': headers['content-type'] });
    response.end(body);
  });
  return listen(t, server);
}

for (const [name, words] of [
  ['Go', 'grpc: received message larger than max (%s vs. 2000)'],
  ['Go, compressed', 'grpc: received message after decompression larger than max 2000'],
  ['Java', 'gRPC message exceeds maximum size 2000: %s'],
  ['C++', 'SERVER: Received message larger than max (%s vs. 2000)'],
  ['.NET', 'Received message exceeds the maximum configured message size.'],
  ['Rust', 'Error, decoded message length too large: found %s bytes, the limit is: 2000 bytes'],
] as const) {
  test(`a request that is too large is sent again in smaller ones: ${name}`, async (t) => {
    const code = name === 'Rust' ? status.OUT_OF_RANGE : status.RESOURCE_EXHAUSTED;
    const server = await startGrpcServer(t, (request) => {
      const size = server.sizes[request]!;
      return size > 2000 ? refusal(code, words.replace('%s', String(size))) : OK;
    });
    const { sink, said } = await sinkTo(server.port, {}, { stack: 'none' });
    sink.write(events(30));
    await sink.close(LONG);
    assert.deepEqual(sink.books(), { accepted: 30, exported: 30, queued: 0, dropped: {} });
    assert.deepEqual(
      server.spans.map(({ spanId }) => spanId),
      events(30).map(({ spanId }) => spanId),
    );
    assert.equal(said.length, 1, said.join('\n'));
    assert.match(said[0]!, /takes no requests of \d+ bytes \(grpc_.*; they are made smaller, and nothing is lost\.$/);
  });
}

test('a single span that is too large is dropped, its neighbours are not', async (t) => {
  const server = await startGrpcServer(t, (request) =>
    server.sizes[request]! > 3000
      ? refusal(status.RESOURCE_EXHAUSTED, 'received message larger than max (1 vs. 2)')
      : OK,
  );
  const { sink, said } = await sinkTo(server.port);
  const [one, large, three] = events(3);
  large!.stack = ['x'.repeat(5000)];
  sink.write([one!, large!, three!]);
  await sink.close(LONG);
  assert.deepEqual(sink.books(), {
    accepted: 3,
    exported: 3,
    queued: 0,
    dropped: { grpc_resource_exhausted: 1 },
    reports: 1,
  });
  assert.match(said.at(-1)!, /refused 1 spans .* Let the collector accept larger requests, or use --stack none/);
});

for (const [name, headers, body, reason] of [
  ['a web page', { 'content-type': 'text/html' }, '<!doctype html><title>x</title>', 'grpc_not_otlp'],
  ['an empty page', { 'content-type': 'text/html' }, '', 'grpc_not_otlp'],
  ['a page of an error', { ':status': 404, 'content-type': 'text/html' }, '<!doctype html>', 'http_404'],
  ['a page without words', { ':status': 415, 'content-type': 'text/plain' }, '', 'http_415'],
] as const) {
  test(`refused: ${name} over HTTP/2`, async (t) => {
    const { sink, said } = await sinkTo(await startPage(t, headers, body));
    sink.write(events(3));
    await sink.close(LONG);
    assert.deepEqual(sink.books(), { accepted: 3, exported: 0, queued: 0, dropped: { [reason]: 3 } });
    assert.match(said[0]!, /Check that endpoint and OTEL_EXPORTER_OTLP_PROTOCOL belong together/);
  });
}

test('413 over HTTP/2 is about size', async (t) => {
  const { sink, said } = await sinkTo(await startPage(t, { ':status': 413, 'content-type': 'text/html' }, 'no'));
  sink.write(events(4));
  await sink.close(LONG);
  assert.deepEqual(sink.books().dropped, { http_413: 4 });
  assert.match(said[0]!, /made smaller/);
});

for (const [name, talk, sentence] of [
  [
    'HTTP/1',
    (socket: Socket) => void socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'),
    /Protocol error; .* Check that endpoint/,
  ],
  ['silence', () => {}, /does not answer: Deadline exceeded/],
  [
    'frames that are none',
    (socket: Socket) => {
      socket.write(EMPTY_SETTINGS);
      socket.write(Buffer.alloc(9, 0xff));
    },
    /does not answer: /,
  ],
  [
    'a broken header',
    (socket: Socket) => {
      socket.write(EMPTY_SETTINGS);
      socket.write(Buffer.concat([HEADERS_BEGIN, Buffer.alloc(100)]));
    },
    /does not answer: Received RST_STREAM with code 2/,
  ],
  ['the end of the connection', (socket: Socket) => socket.destroy(), /does not answer: /],
] as const) {
  test(`no answer of gRPC is tried again: ${name}`, async (t) => {
    const first = await startTcpServer(t, talk);
    const { sink, said } = await sinkTo(first.port, { OTEL_EXPORTER_OTLP_TIMEOUT: '300' });
    sink.write(events(3));
    while (first.connections < 2) await sleep(5);
    assert.match(said[0]!, sentence);
    await sink.close(0);
    assert.deepEqual(sink.books().dropped, { shutdown: 3 });
    while (first.closed < first.connections) await sleep(5);
  });
}

test('an answer without an end is given up and tried again: byte by byte', async (t) => {
  let requests = 0;
  const server = createServer((request, response) => {
    request.resume();
    requests++;
    response.writeHead(200, { 'content-type': 'application/grpc' });
    // The head of a message of 1 MB.
    response.write(Buffer.from([0, 0, 16, 0, 0]));
    const timer = setInterval(() => response.write('x'), 20);
    response.on('close', () => clearInterval(timer));
  });
  const { sink, said } = await sinkTo(await listen(t, server), { OTEL_EXPORTER_OTLP_TIMEOUT: '300' });
  sink.write(events(3));
  while (requests < 2) await sleep(5);
  assert.match(said[0]!, /: Deadline exceeded after .*; 3 spans queued, retrying\.$/);
  await sink.close(0);
});

test('what the collector says does not make it silent', async (t) => {
  const server = await startGrpcServer(t, (request) =>
    request > 0 ? OK : refusal(status.UNAVAILABLE, 'connect to backend: TLS certificate expired'),
  );
  const { sink, said } = await sinkTo(server.port);
  sink.write(events(3));
  await sink.close(LONG);
  assert.match(said[0]!, /does not accept spans now: connect to backend: TLS certificate expired; 3 spans queued/);
});

test("a collector's words are printable and short, and end with one full stop", async (t) => {
  const words = `\x1b[2J\nforged${'.'.repeat(50)}`;
  const server = await startGrpcServer(t, (request) =>
    request === 0 ? { response: encodeResponse(1, words) } : refusal(status.INTERNAL, words + 'x'.repeat(6000)),
  );
  const { sink, said } = await sinkTo(server.port, { OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '2' });
  sink.write(events(4));
  await sink.close(LONG);
  assert.match(said[0]!, /rejected 1 of 2 spans: \?\[2J forged\.$/);
  assert.match(said[1]!, /^[\x20-\x7e]{300,700}$/);
});

test('a code that gRPC does not have counts as unknown: the books have a name for each reason', () => {
  for (const code of [-1, 17, 99, 0.5, 1e300, '14', undefined]) {
    const outcome = grpcFailure({ code, details: 'no' }, 'application/grpc');
    assert.deepEqual(outcome, { kind: 'refused', reason: 'grpc_unknown', message: 'no' });
  }
});
