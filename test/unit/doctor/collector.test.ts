// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { createServer, type OutgoingHttpHeaders } from 'node:http';
import { describe, it, type TestContext } from 'node:test';
import { status } from '@grpc/grpc-js';
import { collector } from '../../../src/doctor/collector.ts';
import { checkEnvironment } from '../../../src/sinks/otlp/check.ts';
import { startGrpcServer } from '../sinks/otlp/grpc-server.ts';
import { drip, PROTOBUF, startTcpServer } from '../sinks/otlp/http-server.ts';

const grpc = (port: number) => ({ OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}` });
const http = (port: number) => ({ ...grpc(port), OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf' });

function* forever(text: string): Generator<string> {
  for (;;) yield text;
}

/** A port of this host on which nobody listens. */
async function closedPort(t: TestContext): Promise<number> {
  const { port, stop } = await startGrpcServer(t);
  await stop();
  return port;
}

/** Starts an HTTP server that answers with this status. @returns the port, and the paths and sizes of the requests */
async function startHttp(t: TestContext, code: number, headers: OutgoingHttpHeaders = {}, body = '') {
  const requests: string[] = [];
  const server = createServer(async (request, response) => {
    const bytes = (await request.toArray()).reduce((sum, chunk: Buffer) => sum + chunk.length, 0);
    requests.push(`${request.method} ${request.url} ${bytes}`);
    response.writeHead(code, headers).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return { port: (server.address() as { port: number }).port, requests };
}

describe('collector', () => {
  it('none configured: connects to nothing', async () => {
    assert.deepEqual(await collector({}), { status: 'ok', why: 'none is configured: no spans are sent.' });
  });

  it('turned off: by which variable', async () => {
    for (const off of [{ OTEL_SDK_DISABLED: 'true' }, { OTEL_TRACES_EXPORTER: 'oltp' }]) {
      const found = await collector({ ...grpc(1), ...off });
      assert.deepEqual(found, {
        status: 'ok',
        why: `${Object.keys(off)[0]} turns spans off: none are sent without -o otlp.`,
      });
    }
  });

  it('gRPC: one request without spans', async (t) => {
    const server = await startGrpcServer(t);
    assert.deepEqual(await collector(grpc(server.port)), {
      status: 'ok',
      why: `the collector at http://127.0.0.1:${server.port} accepts spans.`,
    });
    assert.deepEqual(server.sizes, [0]);
  });

  it('HTTP: one request without spans', async (t) => {
    const { port, requests } = await startHttp(t, 200, PROTOBUF);
    assert.equal((await collector(http(port))).status, 'ok');
    assert.deepEqual(requests, ['POST /v1/traces 0']);
  });

  it('a collector that refuses: why, and what to do', async (t) => {
    const server = await startGrpcServer(t, () => ({ code: status.UNAUTHENTICATED, details: 'no token' }));
    const found = await collector(grpc(server.port));
    assert.equal(found.status, 'warn');
    assert.match(found.why, /refuses spans: grpc_unauthenticated: no token\.$/);
    assert.match('todo' in found ? found.todo : '', /^Check OTEL_EXPORTER_OTLP_HEADERS/);
  });

  it('another server', async (t) => {
    const { port } = await startHttp(t, 404);
    const found = await collector(http(port));
    assert.match(found.why, /refuses spans: http_404/);
    assert.match('todo' in found ? found.todo : '', /OTEL_EXPORTER_OTLP_PROTOCOL/);
  });

  it('a web page is not a collector', async (t) => {
    const { port } = await startHttp(t, 200, { 'Content-Type': 'text/html; charset=utf-8' }, '<!doctype html>');
    const found = await collector(http(port));
    assert.equal(found.status, 'warn');
    assert.match(found.why, /refuses spans: http_not_otlp: HTTP 200 with text\/html, which is not an OTLP answer\.$/);
    assert.match('todo' in found ? found.todo : '', /OTEL_EXPORTER_OTLP_PROTOCOL/);
  });

  it('an empty answer without a type leaves it open', async (t) => {
    const { port } = await startHttp(t, 200);
    const found = await collector(http(port));
    assert.equal(found.status, 'warn');
    assert.match(found.why, /answers HTTP 200 with no Content-Type and no content: .* it may not be a collector\./);
  });

  it('an answer without an end: the check ends', async (t) => {
    const { port } = await startTcpServer(t, (socket) => drip(socket, forever('HTTP/1.1 102 Processing\r\n\r\n')));
    const found = await collector({ ...http(port), OTEL_EXPORTER_OTLP_TIMEOUT: '200' });
    assert.equal(found.status, 'warn');
    assert.match(found.why, /does not answer: no answer within 200 ms\.$/);
  });

  for (const [name, env] of [
    ['gRPC', grpc],
    ['HTTP', http],
  ] as const) {
    it(`${name}: a closed port is a warning, as run goes on trying`, async (t) => {
      const port = await closedPort(t);
      const found = await collector(env(port));
      assert.equal(found.status, 'warn');
      assert.match(found.why, new RegExp(`127\\.0\\.0\\.1:${port} does not answer: .*ECONNREFUSED`));
    });
  }

  it('a wrong variable fails, with the words of run', async () => {
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: 'ftp://127.0.0.1' };
    const found = await collector(env);
    assert.equal(found.status, 'fail');
    assert.throws(() => checkEnvironment(env), { message: found.why });
  });

  it('so does a wrong variable that run reads later', async () => {
    const found = await collector({ ...grpc(1), OTEL_TRACES_SAMPLER: 'sometimes' });
    assert.equal(found.status, 'fail');
    assert.match(found.why, /^OTEL_TRACES_SAMPLER: /);
  });
});
