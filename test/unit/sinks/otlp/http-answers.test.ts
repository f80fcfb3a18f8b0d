// SPDX-License-Identifier: Apache-2.0
// What counts as a delivery over HTTP, what is tried again, and what is shown of the answer.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer as createSecureServer } from 'node:https';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { retryAfterMs } from '../../../../src/sinks/otlp/http-answer.ts';
import { listen } from '../../../support/listen.ts';
import { fixture } from '../../fixtures.ts';
import { events } from './events.ts';
import {
  ACCEPTED,
  ACCEPTED_BYTES,
  drip,
  type HttpReply,
  PROTOBUF,
  startHttpServer,
  startTcpServer,
} from './http-server.ts';
import { LONG, sinkTo } from './sink-to.ts';
import { encodeResponse } from './wire.ts';

const HTTP = { OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf' };
const JSON_TYPE = { 'Content-Type': 'application/json' };
const HTML = { 'Content-Type': 'text/html; charset=utf-8' };
const PAGE = '<!doctype html><title>Jaeger UI</title>';
/** google.rpc.Status { code = 1, message = 2 } */
const status = (message: string) => Buffer.from([0x08, 13, 0x12, message.length, ...Buffer.from(message)]);

const DELIVERED: [name: string, reply: HttpReply][] = [
  ['an empty answer', { headers: PROTOBUF }],
  ['an empty partial_success', { headers: PROTOBUF, body: Buffer.from([0x0a, 0]) }],
  ['a charset', { headers: { 'Content-Type': 'application/x-protobuf; charset=utf-8' } }],
  ['the newer media type', { headers: { 'Content-Type': 'application/protobuf' } }],
  ['OTLP in JSON', { headers: JSON_TYPE, body: '{"partialSuccess":{}}' }],
  ['an empty object', { headers: JSON_TYPE, body: '{}' }],
  ['202', { status: 202, headers: PROTOBUF }],
  ['in chunks', { headers: { ...PROTOBUF, 'Transfer-Encoding': 'chunked' }, body: encodeResponse() }],
  [
    'compressed by a proxy',
    { headers: { ...PROTOBUF, 'Content-Encoding': 'gzip' }, body: gzipSync(Buffer.from([0x0a, 0])) },
  ],
];

for (const [name, reply] of DELIVERED) {
  test(`delivered: ${name}`, async (t) => {
    const server = await startHttpServer(t, () => reply);
    const { sink, said } = await sinkTo(server.port, HTTP);
    sink.write(events(3));
    await sink.close(LONG);
    assert.deepEqual(sink.books(), { accepted: 3, exported: 3, queued: 0, dropped: {} });
    assert.deepEqual(said, []);
  });
}

for (const code of [200, 202, 204]) {
  test(`${code} without content and type, as some backends answer, counts; it is reported once`, async (t) => {
    const server = await startHttpServer(t, () => ({ status: code }));
    const { sink, said } = await sinkTo(server.port, { ...HTTP, OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '1' });
    sink.write(events(3));
    await sink.close(LONG);
    assert.equal(sink.books().exported, 3);
    assert.equal(said.length, 1, said.join('\n'));
    assert.match(said[0]!, new RegExp(`answers HTTP ${code} with no Content-Type and no content: .*may not be`));
  });
}

const REFUSED: [name: string, reply: HttpReply, reason: string, sentence: RegExp][] = [
  [
    'a web page',
    { headers: HTML, body: PAGE },
    'http_not_otlp',
    /HTTP 200 with text\/html, which is not .* belong together/,
  ],
  ['an empty web page', { headers: HTML }, 'http_not_otlp', /belong together/],
  ['plain words', { headers: { 'Content-Type': 'text/plain' }, body: 'ok' }, 'http_not_otlp', /belong together/],
  ['a page without a type', { body: PAGE }, 'http_not_otlp', /HTTP 200 with no Content-Type, which is not/],
  ['another object', { headers: JSON_TYPE, body: '{"status":"ok"}' }, 'http_not_otlp', /application\/json/],
  ['no object', { headers: JSON_TYPE, body: '3' }, 'http_not_otlp', /application\/json/],
  ['a page under a wrong type', { headers: PROTOBUF, body: PAGE }, 'http_not_otlp', /application\/x-protobuf/],
  [
    'an unknown compression',
    { headers: { ...PROTOBUF, 'Content-Encoding': 'zstd' }, body: 'x' },
    'http_not_otlp',
    /not an OTLP answer/,
  ],
  [
    'too long an answer that begins as one',
    { headers: PROTOBUF, body: Buffer.alloc(8 * 1024 * 1024) },
    'http_not_otlp',
    /x-protobuf/,
  ],
  ['too long an answer', { headers: PROTOBUF, body: Buffer.alloc(5 * 1024 * 1024) }, 'http_not_otlp', /x-protobuf/],
  [
    'a redirect',
    { status: 301, headers: { ...HTML, Location: 'https://there.example/v1/traces' }, body: PAGE },
    'http_301',
    /HTTP 301 Moved Permanently \(moved to https:\/\/there\.example\/v1\/traces\)\).* Redirects are not followed/,
  ],
  ['a temporary redirect', { status: 307, headers: { Location: '/x' } }, 'http_307', /moved to \/x/],
  [
    'a status in protobuf',
    { status: 400, headers: PROTOBUF, body: status('bad span') },
    'http_400',
    /Request bad span\)/,
  ],
  ['a status in JSON', { status: 403, headers: JSON_TYPE, body: '{"code":7}' }, 'http_403', /\{"code":7\}.*_HEADERS/],
  [
    'an error of Prometheus',
    { status: 500, headers: { 'Content-Type': 'text/plain' }, body: 'invalid temporality and type combination\n' },
    'http_500',
    /HTTP 500 Internal Server Error invalid temporality and type combination\)/,
  ],
  [
    'a page of an error',
    { status: 404, headers: HTML, body: PAGE },
    'http_404',
    /HTTP 404 Not Found\).* belong together/,
  ],
];

for (const [name, reply, reason, sentence] of REFUSED) {
  test(`refused: ${name}`, async (t) => {
    const server = await startHttpServer(t, () => reply);
    const { sink, said } = await sinkTo(server.port, HTTP);
    sink.write(events(3));
    await sink.close(LONG);
    assert.deepEqual(sink.books(), { accepted: 3, exported: 0, queued: 0, dropped: { [reason]: 3 } });
    assert.match(said[0]!, sentence);
    assert.doesNotMatch(said[0]!, /title/);
  });
}

test('rejected spans in JSON are counted', async (t) => {
  const body = '{"partialSuccess":{"rejectedSpans":"2","errorMessage":"too old."}}';
  const server = await startHttpServer(t, (request) => (request === 0 ? { headers: JSON_TYPE, body } : ACCEPTED));
  const { sink, said } = await sinkTo(server.port, HTTP);
  sink.write(events(3));
  await sink.close(LONG);
  assert.deepEqual(sink.books().dropped, { rejected: 2 });
  assert.match(said[0]!, /rejected 2 of 3 spans: too old\.$/);
});

/** Endless answers: each is begun for the first request, and the second is answered. */
const ENDLESS: [name: string, talk: (socket: Socket) => void][] = [
  ['silence', () => {}],
  ['102 again and again', (socket) => drip(socket, Array(1e6).fill('HTTP/1.1 102 Processing\r\n\r\n'))],
  ['100 again and again', (socket) => drip(socket, Array(1e6).fill('HTTP/1.1 100 Continue\r\n\r\n'))],
  ['a header byte by byte', (socket) => drip(socket, `HTTP/1.1 200 OK\r\nX-Long: ${'x'.repeat(1e5)}`)],
  [
    'a body byte by byte',
    (socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 100000\r\n\r\n');
      drip(socket, 'x'.repeat(1e5));
    },
  ],
];

for (const [name, talk] of ENDLESS) {
  test(`an answer without an end is given up, its connection closed, and tried again: ${name}`, async (t) => {
    const server = await startTcpServer(t, (socket, connection) => {
      if (connection === 0) talk(socket);
      else socket.write(ACCEPTED_BYTES);
    });
    const { sink, said } = await sinkTo(server.port, { ...HTTP, OTEL_EXPORTER_OTLP_TIMEOUT: '300' });
    sink.write(events(3));
    await sink.close(LONG);
    assert.deepEqual(sink.books(), { accepted: 3, exported: 3, queued: 0, dropped: {} });
    assert.match(said[0]!, /does not answer: no answer within 300 ms; 3 spans queued, retrying\.$/);
    while (server.closed < server.connections) await sleep(5);
  });
}

const BROKEN: [name: string, talk: (socket: Socket) => void, sentence: RegExp][] = [
  [
    'another protocol',
    (socket) => void socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n'),
    /HTTP 101 instead of an answer;/,
  ],
  ['the end of the connection', (socket) => socket.destroy(), /socket hang up|ECONNRESET/],
  [
    'the end of the connection within an answer of 200',
    (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 9\r\n\r\nx'),
    /does not answer: aborted;/,
  ],
  [
    'another server',
    (socket) => socket.end('SSH-2.0-OpenSSH_10.0\r\n'),
    /retrying\. Check that endpoint and OTEL_EXPORTER_OTLP_PROTOCOL/,
  ],
  [
    'a TLS alert',
    (socket) => socket.end(Buffer.from([0x15, 3, 1, 0, 2, 2, 0x46])),
    /retrying\. It speaks TLS: use https:\/\/\.$/,
  ],
];

for (const [name, talk, sentence] of BROKEN) {
  test(`no answer is tried again: ${name}`, async (t) => {
    const server = await startTcpServer(t, (socket, connection) => {
      if (connection === 0) talk(socket);
      else socket.write(ACCEPTED_BYTES);
    });
    const { sink, said } = await sinkTo(server.port, HTTP);
    sink.write(events(3));
    await sink.close(LONG);
    assert.deepEqual(sink.books(), { accepted: 3, exported: 3, queued: 0, dropped: {} });
    assert.match(said[0]!, sentence);
  });
}

test('https to a port without TLS', async (t) => {
  const server = await startHttpServer(t);
  const OTEL_EXPORTER_OTLP_ENDPOINT = `https://localhost:${server.port}`;
  const { sink, said } = await sinkTo(0, { ...HTTP, OTEL_EXPORTER_OTLP_ENDPOINT });
  sink.write(events(3));
  while (said.length === 0) await sleep(5);
  await sink.close(0);
  assert.match(
    said[0]!,
    /does not answer: TLS: wrong version number; 3 spans queued, retrying\. If it speaks plain text/,
  );
});

test('an idle connection that the other side has closed is not worth a word', async (t) => {
  const server = await startTcpServer(t, (socket, connection) => {
    socket.write(ACCEPTED_BYTES);
    // The second request on this connection meets its end.
    if (connection === 0) socket.once('data', () => socket.resetAndDestroy());
  });
  const { sink, said } = await sinkTo(server.port, { ...HTTP, OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '1' });
  sink.write(events(2));
  await sink.close(LONG);
  assert.equal(sink.books().exported, 2);
  assert.equal(server.connections, 2);
  assert.deepEqual(said, []);
});

test('Retry-After is obeyed, and cut short at the end of a run', async (t) => {
  const busy = { status: 503, headers: { 'Retry-After': '86400' } };
  const server = await startHttpServer(t, (request) => (request === 0 ? busy : ACCEPTED));
  const { sink } = await sinkTo(server.port, HTTP, { backoff: { firstMs: 1, maxMs: 1 } });
  sink.write(events(3));
  while (server.requests.length === 0) await sleep(5);
  // Many times the sink's own wait.
  await sleep(500);
  assert.equal(server.requests.length, 1);
  await sink.close(LONG);
  assert.equal(sink.books().exported, 3);
  assert.equal(server.requests.length, 2);
});

test('while it ends, the sink does not wait as told', async (t) => {
  const busy = { status: 503, headers: { 'Retry-After': '86400' } };
  const server = await startHttpServer(t, (request) => (request < 3 ? busy : ACCEPTED));
  const { sink } = await sinkTo(server.port, HTTP);
  sink.write(events(3));
  await sink.close(LONG);
  assert.equal(sink.books().exported, 3);
});

test('Retry-After: seconds or a date', () => {
  const now = Date.parse('2026-11-28T12:00:00Z');
  assert.equal(retryAfterMs('120', now), 120_000);
  assert.equal(retryAfterMs('Sat, 28 Nov 2026 12:01:30 GMT', now), 90_000);
  assert.equal(retryAfterMs('Sat, 28 Nov 2026 11:00:00 GMT', now), 0);
  assert.equal(retryAfterMs('soon', now), undefined);
  assert.equal(retryAfterMs('9'.repeat(400), now), undefined, 'not for ever');
  assert.equal(retryAfterMs(undefined, now), undefined);
});

test("a collector's words are printable and short", async (t) => {
  const body = `\x1b[2J\nforged: all is well ${'x'.repeat(3 * 1024 * 1024)}`;
  const server = await startHttpServer(t, () => ({ status: 400, body }));
  const { sink, said } = await sinkTo(server.port, HTTP);
  sink.write(events(3));
  await sink.close(LONG);
  assert.match(said[0]!, /^[\x20-\x7e]{300,700}$/);
  assert.match(said[0]!, /HTTP 400 Bad Request \?\[2J forged: all is well x+\.\.\.\)/);
});

for (const protocol of ['grpc', 'http/protobuf']) {
  test(`a name that is not known yet is tried again, over ${protocol}`, async () => {
    const { sink, said } = await sinkTo(0, {
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector.invalid:4317',
      OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
    });
    sink.write(events(3));
    while (said.length === 0) await sleep(5);
    await sink.close(0);
    assert.match(
      said[0]!,
      /does not answer: .*(ENOTFOUND|EAI_AGAIN|[Nn]ame resolution).*; 3 spans queued, retrying\.$/,
    );
    assert.deepEqual(sink.books().dropped, { shutdown: 3 });
  });
}

const SECURE = {
  key: readFileSync(fixture('tls/own.key')),
  cert: readFileSync(fixture('tls/own.pem')),
};

for (const [scheme, protocol, sentence] of [
  ['http', 'grpc', /does not answer: Failed to connect; 3 spans queued, retrying\.$/],
  ['http', 'http/protobuf', /does not answer: socket hang up; 3 spans queued, retrying\.$/],
  ['https', 'grpc', /TLS: .*no application protocol; .* Check that endpoint and OTEL_EXPORTER_OTLP_PROTOCOL/],
  [
    'https',
    'http/protobuf',
    /does not answer: self-signed certificate; .* Name its authority in OTEL_EXPORTER_OTLP_CERT/,
  ],
] as const) {
  test(`${scheme} over ${protocol} to a server for https with a certificate of its own`, async (t) => {
    const port = await listen(t, createSecureServer(SECURE));
    const OTEL_EXPORTER_OTLP_ENDPOINT = `${scheme}://127.0.0.1:${port}`;
    const { sink, said } = await sinkTo(0, { OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_PROTOCOL: protocol });
    sink.write(events(3));
    while (said.length === 0) await sleep(5);
    await sink.close(0);
    assert.match(said[0]!, sentence);
  });
}

test('a server that asks for a certificate of the client', async (t) => {
  const port = await listen(t, createSecureServer({ ...SECURE, requestCert: true, rejectUnauthorized: true }));
  const { sink, said } = await sinkTo(0, {
    OTEL_EXPORTER_OTLP_ENDPOINT: `https://localhost:${port}`,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
    OTEL_EXPORTER_OTLP_CERTIFICATE: fixture('tls/own.pem').pathname,
  });
  sink.write(events(3));
  while (said.length === 0) await sleep(5);
  await sink.close(0);
  assert.match(said[0]!, /TLS: \w+ alert certificate required; .* Set OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE and /);
});
