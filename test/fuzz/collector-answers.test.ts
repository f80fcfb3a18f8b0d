// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { after, before } from 'node:test';
import fc from 'fast-check';
import type { Outcome } from '../../src/sinks/otlp/collector.ts';
import { readConnection } from '../../src/sinks/otlp/connection.ts';
import { grpcFailure } from '../../src/sinks/otlp/grpc-failure.ts';
import { connect } from '../../src/sinks/otlp/http.ts';
import { httpOutcome, retryAfterMs } from '../../src/sinks/otlp/http-answer.ts';
import { connectionFailure } from '../../src/sinks/otlp/http-failure.ts';
import { readJsonResponse, readResponse } from '../../src/sinks/otlp/response.ts';
import { retryDelayMs } from '../../src/sinks/otlp/retry-info.ts';
import { printable } from '../../src/terminal.ts';
import { encodeResponse, encodeRetryInfo } from '../unit/sinks/otlp/wire.ts';
import { anyJson, anyText, mutated, mutatedJson, mutatedText, noise, record } from './arbitraries.ts';
import { FILES, LARGE, property } from './property.ts';

const BATCH = { bytes: new Uint8Array(), spans: 512 };

/** Whatever the other side says: a known kind, a reason for the books, a short line, and a time that a timer takes. */
function assertOutcome(outcome: Outcome): void {
  const { kind, message } = outcome;
  assert.ok(message.length <= 2000 && message === printable(message), message);
  if (kind === 'delivered') {
    assert.ok(
      Number.isInteger(outcome.rejected) && outcome.rejected >= 0 && outcome.rejected <= BATCH.spans,
      String(outcome.rejected),
    );
    return;
  }
  // Names in the books and in metrics: there must be few of them.
  assert.match(outcome.reason, /^(grpc_[a-z_]+|http_\d{3}|[a-z_0-9]+)$/);
  assert.ok(outcome.reason.length <= 30, outcome.reason);
  if (kind === 'retry' && outcome.afterMs !== undefined)
    assert.ok(Number.isFinite(outcome.afterMs) && outcome.afterMs >= 0, String(outcome.afterMs));
}

const partial = record({ rejected: fc.nat(), message: anyText(40).map((text) => text.toWellFormed()) });
const response = partial.map(({ rejected, message }) => Buffer.from(encodeResponse(rejected, message)));
const body = fc.oneof(
  response,
  mutated(response),
  noise(100),
  mutatedJson(fc.constant({ partialSuccess: { rejectedSpans: '3', errorMessage: 'x' } })).map((value) =>
    Buffer.from(JSON.stringify(value)),
  ),
);
const headers = fc.record(
  {
    'content-type': fc.oneof(
      fc.constantFrom('application/x-protobuf', 'application/json; charset=utf-8', 'text/plain', 'text/html', ''),
      anyText(100),
    ),
    'content-encoding': fc.oneof(fc.constantFrom('gzip', 'identity', 'br'), anyText(10)),
    'retry-after': fc.oneof(
      fc.constantFrom('5', '0', '-1', '9'.repeat(400), 'Wed, 21 Oct 2099 07:28:00 GMT', '1e9'),
      anyText(20),
    ),
    location: anyText(400),
  },
  { requiredKeys: [], noNullPrototype: true },
);

property(
  'an answer of HTTP: any status, headers and body',
  record({ status: fc.integer({ min: 100, max: 999 }), statusText: anyText(100), headers, body }),
  (answer) => {
    assertOutcome(httpOutcome(BATCH, answer));
  },
  LARGE,
);

property('Retry-After: any text', fc.oneof(anyText(40), fc.nat().map(String)), (text) => {
  const ms = retryAfterMs(text, 1_795_441_812_325);
  assert.ok(ms === undefined || (Number.isFinite(ms) && ms >= 0), String(ms));
});

property('a partial success is read as it was written', partial, ({ rejected, message }) => {
  assert.deepEqual(readResponse(encodeResponse(rejected, message)), { rejected, message });
  const json = { partialSuccess: { rejectedSpans: String(rejected), errorMessage: message } };
  assert.deepEqual(readJsonResponse(Buffer.from(JSON.stringify(json))), { rejected, message });
});

property(
  'any bytes as an answer',
  fc.oneof(
    body,
    anyJson().map((value) => Buffer.from(JSON.stringify(value))),
  ),
  (bytes) => {
    for (const found of [readResponse(bytes), readJsonResponse(bytes)]) {
      assert.ok(found === undefined || (Number.isInteger(found.rejected) && typeof found.message === 'string'));
    }
  },
);

const status = fc.tuple(fc.nat(20), fc.nat(2 ** 30)).map(([code, ms]) => ({ ms, bytes: encodeRetryInfo(code, ms) }));

property('a RetryInfo is read as it was written', status, ({ ms, bytes }) => {
  assert.equal(retryDelayMs(bytes), ms);
});

const details = fc.oneof(
  status.map(({ bytes }) => bytes),
  mutated(status.map(({ bytes }) => bytes)),
  noise(100),
  anyText(10),
);

property(
  'a failure of gRPC: any code, words and details',
  record({
    code: fc.oneof(fc.nat(20), fc.integer(), anyJson()),
    details: fc.oneof(anyText(400), fc.constant('Received HTTP status code 502'), fc.constant(undefined)),
    bin: fc.option(details, { nil: undefined }),
    contentType: fc.option(fc.oneof(fc.constantFrom('application/grpc', 'text/html', ''), anyText(100)), {
      nil: undefined,
    }),
  }),
  ({ code, details, bin, contentType }) => {
    const metadata = { get: () => (bin === undefined ? [] : [bin]), getMap: () => (bin === undefined ? {} : { bin }) };
    assertOutcome(grpcFailure({ code, details, metadata }, contentType));
  },
);

property(
  'a connection that fails: any error',
  record({
    code: fc.oneof(fc.constantFrom('ECONNRESET', 'HPE_INVALID_CONSTANT', 'EPIPE'), fc.integer()),
    message: fc.oneof(anyText(400), fc.constant(undefined)),
    rawPacket: fc.option(noise(4), { nil: undefined }),
  }),
  (error) => {
    assertOutcome(connectionFailure(error));
    assertOutcome(connectionFailure(error, true));
  },
);

/** What a server writes that has got a request. */
let written: Buffer = Buffer.alloc(0);
const server = createServer((socket) => {
  socket.on('error', () => {});
  socket.once('data', () => socket.end(written));
});
before(() => once(server.listen(0, '127.0.0.1'), 'listening'));
after(() => server.close());

const WORDS = [
  'HTTP/1.1 200 OK\r\n',
  'Content-Length: 5\r\n',
  'Transfer-Encoding: chunked\r\n',
  '\r\n',
  '5\r\n',
  'Upgrade: x\r\n',
  'HTTP/1.1 100 Continue\r\n\r\n',
];
const http = mutatedText(
  fc.constant(
    'HTTP/1.1 503 Busy\r\nContent-Type: application/x-protobuf\r\nRetry-After: 5\r\nContent-Length: 2\r\n\r\nab',
  ),
  WORDS,
).map((text) => Buffer.from(text));

property(
  'a server that writes anything',
  fc.oneof(http, noise(60)),
  async (bytes) => {
    written = bytes;
    const { port } = server.address() as AddressInfo;
    const collector = connect(
      readConnection({
        OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
        OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
      }),
    );
    assertOutcome(await collector.send(BATCH));
    collector.close();
  },
  FILES,
);
