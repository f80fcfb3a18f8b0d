// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { createServer, request } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { readConnection } from '../../../../src/sinks/otlp/connection.ts';
import { openCollector } from '../../../../src/sinks/otlp/sink.ts';
import { startGrpcServer } from './grpc-server.ts';

const HTTP = 'http/protobuf';
const BOTH = ['grpc', HTTP] as const;
const P = 'http://proxy:3128';

/** The variable of the proxy that is used. */
const used = (protocol: string, endpoint: string, env: NodeJS.ProcessEnv): string | undefined =>
  readConnection({ OTEL_EXPORTER_OTLP_PROTOCOL: protocol, OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, ...env }).proxy
    ?.variable;

for (const protocol of BOTH) {
  describe(`${protocol}: which proxy`, () => {
    it('the variable of the scheme, first in lower case', () => {
      const all = { http_proxy: P, HTTP_PROXY: P, https_proxy: P, HTTPS_PROXY: P };
      assert.equal(used(protocol, 'http://c:1', all), 'http_proxy');
      assert.equal(used(protocol, 'https://c:1', all), 'https_proxy');
      assert.equal(used(protocol, 'http://c:1', { HTTP_PROXY: P, https_proxy: P }), 'HTTP_PROXY');
      assert.equal(used(protocol, 'http://c:1', { https_proxy: P }), undefined);
      assert.equal(used(protocol, 'http://c:1', { http_proxy: ' ' }), undefined);
      assert.equal(used(protocol, 'http://c:1', { http_proxy: 'proxy:3128' }), 'http_proxy');
    });

    it('never for this host', () => {
      for (const host of ['localhost', 'a.localhost', '127.0.0.1', '127.9.9.9', '[::1]']) {
        assert.equal(used(protocol, `http://${host}:1`, { http_proxy: P }), undefined, host);
      }
    });

    it('not for what no_proxy names', () => {
      const excludes = (no_proxy: string, endpoint = 'http://otel.example.com:4317') =>
        used(protocol, endpoint, { http_proxy: P, no_proxy }) === undefined;
      for (const no of [
        '*',
        'otel.example.com',
        'example.com',
        '.example.com',
        '*.example.com',
        'OTEL.example.COM',
        'a, example.com',
        'a b example.com',
        'otel.example.com:4317',
        'com',
      ]) {
        assert.ok(excludes(no), no);
      }
      for (const no of [
        '',
        ',',
        'ample.com',
        'tel.example.com',
        'otel.example.com:4318',
        'otel.example.com.evil',
        '10.0.0.0/8',
        '.',
      ]) {
        assert.ok(!excludes(no), no);
      }
      for (const no of ['10.1.2.3', '10.0.0.0/8', '10.1.2.3:4317', '10.1.2.3/32']) {
        assert.ok(excludes(no, 'http://10.1.2.3:4317'), no);
      }
      for (const no of ['10.1.2', '10.1.3.0/24', '10.1.2.3/99', '2.3', '10.1.2.3:1']) {
        assert.ok(!excludes(no, 'http://10.1.2.3:4317'), no);
      }
      for (const no of ['fd00::1', '[fd00::1]', '[fd00::1]:4317', 'fd00::/8']) {
        assert.ok(excludes(no, 'http://[fd00::1]:4317'), no);
      }
      assert.ok(!excludes('fd00::2', 'http://[fd00::1]:4317'));
      assert.equal(used(protocol, 'http://c:1', { http_proxy: P, NO_PROXY: 'c' }), undefined);
    });

    it('a proxy that cannot be used is refused, without its value', () => {
      for (const proxy of [
        'https://SECRET:1',
        'socks5://SECRET',
        'http://',
        'http://u:SECRET%@p',
        'http://SECRET:99999',
      ]) {
        assert.throws(
          () => used(protocol, 'http://c:1', { http_proxy: proxy }),
          ({ exitCode, message }) =>
            exitCode === 2 && message.startsWith('http_proxy: ') && !message.includes('SECRET'),
          proxy,
        );
      }
      assert.equal(used(protocol, 'http://c:1', { http_proxy: 'socks5://a', no_proxy: 'c' }), undefined);
    });
  });
}

it("gRPC's own variables count first, for gRPC alone", () => {
  const env = { grpc_proxy: P, http_proxy: P, no_grpc_proxy: 'other', no_proxy: 'c' };
  assert.equal(used('grpc', 'http://c:1', env), 'grpc_proxy');
  assert.equal(used(HTTP, 'http://c:1', env), undefined);
  assert.equal(used('grpc', 'unix:///run/c', env), undefined);
});

/** Starts a proxy that connects to this port, whatever is asked for; without a port it refuses. */
async function startProxy(t: TestContext, port?: number) {
  const asked: string[] = [];
  const server = createServer((from, to) => {
    asked.push(`${from.method} ${from.url} ${from.headers['proxy-authorization']}`);
    if (port === undefined) return void to.writeHead(403).end();
    const onward = request({ port, method: from.method, path: '/', headers: from.headers }, (answer) => {
      to.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(to);
    });
    from.pipe(onward);
  });
  server.on('connect', ({ url, headers }, client) => {
    asked.push(`CONNECT ${url} ${headers['proxy-authorization']}`);
    if (port === undefined) return client.end('HTTP/1.1 403 Forbidden\r\n\r\n');
    const onward = connect(port, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 OK\r\n\r\n');
      client.pipe(onward).pipe(client);
    });
    for (const socket of [client, onward]) socket.on('error', () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return { url: `http://u:p%40@127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

async function sendThrough(protocol: string, http_proxy: string) {
  const connection = readConnection({
    OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector.invalid:4317',
    http_proxy,
  });
  const collector = await openCollector(connection, 2000);
  const outcome = await collector.send({ bytes: new Uint8Array(), spans: 0 });
  collector.close();
  return { outcome, destination: connection.destination };
}

const CREDENTIALS = `Basic ${Buffer.from('u:p@').toString('base64')}`;

describe('through a proxy', () => {
  it('gRPC', async (t) => {
    const server = await startGrpcServer(t);
    const { url, asked } = await startProxy(t, server.port);
    const { outcome, destination } = await sendThrough('grpc', url);
    assert.equal(outcome.kind, 'delivered');
    assert.equal(destination, 'http://collector.invalid:4317 (through the proxy of http_proxy)');
    assert.deepEqual(asked, [`CONNECT collector.invalid:4317 ${CREDENTIALS}`]);
  });

  it('HTTP', async (t) => {
    const server = createServer((_, response) =>
      response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end(),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.after(() => server.close());
    const { url, asked } = await startProxy(t, (server.address() as AddressInfo).port);
    const { outcome, destination } = await sendThrough(HTTP, url);
    assert.equal(outcome.kind, 'delivered');
    assert.equal(destination, 'http://collector.invalid:4317 (through the proxy of http_proxy)');
    assert.deepEqual(asked, [`POST http://collector.invalid:4317/v1/traces ${CREDENTIALS}`]);
  });

  it('a proxy that refuses: gRPC says so, without a line of the library', async (t) => {
    const { url } = await startProxy(t);
    const raw = t.mock.method(console, 'error', () => {});
    const { outcome } = await sendThrough('grpc', url);
    assert.equal(outcome.kind, 'retry');
    assert.match(
      outcome.message,
      /^Failed to connect to collector\.invalid:4317 through proxy 127\.0\.0\.1:\d+ with status 403$/,
    );
    assert.equal(raw.mock.callCount(), 0);
  });
});
