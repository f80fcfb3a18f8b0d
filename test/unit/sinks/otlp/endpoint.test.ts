// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { readConnection } from '../../../../src/sinks/otlp/connection.ts';
import { openCollector } from '../../../../src/sinks/otlp/sink.ts';

const GENERAL = 'OTEL_EXPORTER_OTLP_ENDPOINT';
const TRACES = 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT';
const HTTP = { OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf' };

describe('an endpoint that is accepted', () => {
  for (const [env, address, secure, shown] of [
    [{}, 'dns:localhost:4317', false, 'http://localhost:4317'],
    [{ [GENERAL]: 'http://c' }, 'dns:c:80', false, 'http://c:80'],
    [{ [GENERAL]: 'HTTP://C:80/' }, 'dns:c:80', false, 'http://c:80'],
    [{ [GENERAL]: 'https://c' }, 'dns:c:443', true, 'https://c:443'],
    [{ [GENERAL]: 'c:443' }, 'dns:c:443', true, 'c:443'],
    [{ [GENERAL]: 'c:1', OTEL_EXPORTER_OTLP_INSECURE: ' TRUE' }, 'dns:c:1', false, 'c:1'],
    [{ [GENERAL]: 'http://dns:4317' }, 'dns:dns:4317', false, 'http://dns:4317'],
    [{ [GENERAL]: 'http://otel_collector.svc.:1' }, 'dns:otel_collector.svc.:1', false, 'http://otel_collector.svc.:1'],
    [{ [GENERAL]: 'http://größe:1' }, 'dns:xn--gre-6ka8i:1', false, 'http://xn--gre-6ka8i:1'],
    [{ [GENERAL]: 'http://[::1]:4317' }, 'dns:[::1]:4317', false, 'http://[::1]:4317'],
    [{ [GENERAL]: 'http://c:1/TOKEN?k=TOKEN' }, 'dns:c:1', false, 'http://c:1'],
    [{ [GENERAL]: 'unix:///run/a b' }, 'unix:/run/a b', true, 'unix:///run/a b'],
    [{ [GENERAL]: 'unix:/run/a' }, 'unix:/run/a', true, 'unix:///run/a'],
    [{ [GENERAL]: 'unix:////run/a' }, 'unix://run/a', true, 'unix:////run/a'],
    [{ [GENERAL]: 'UNIX:/run/a' }, 'unix:/run/a', true, 'unix:///run/a'],
    [{ [GENERAL]: 'unix:4317' }, 'dns:unix:4317', true, 'unix:4317'],
    [{ [GENERAL]: 'http://a:1', [TRACES]: 'http://b:2' }, 'dns:b:2', false, 'http://b:2'],
    [{ [GENERAL]: 'http://a:1', [TRACES]: ' ' }, 'dns:a:1', false, 'http://a:1'],
    [HTTP, 'http://localhost:4318/v1/traces', false, 'http://localhost:4318'],
    [{ ...HTTP, [GENERAL]: 'https://c/' }, 'https://c/v1/traces', true, 'https://c:443'],
    [{ ...HTTP, [GENERAL]: 'https://c/a/TOKEN' }, 'https://c/a/TOKEN/v1/traces', true, 'https://c:443'],
    [{ ...HTTP, [TRACES]: 'https://u:TOKEN@c/a?k=TOKEN' }, 'https://u:TOKEN@c/a?k=TOKEN', true, 'https://c:443'],
    [{ ...HTTP, [GENERAL]: 'http://[::1]:1' }, 'http://[::1]:1/v1/traces', false, 'http://[::1]:1'],
  ] as const) {
    it(JSON.stringify(env), () => {
      const { endpoint, destination } = readConnection(env as NodeJS.ProcessEnv);
      assert.deepEqual(
        { address: endpoint.address, secure: endpoint.secure, destination },
        { address, secure, destination: shown },
      );
    });
  }
});

describe('an endpoint that is refused, without its value', () => {
  for (const [env, sentence] of [
    [{ [GENERAL]: 'ftp://SECRET:1' }, /^OTEL_EXPORTER_OTLP_ENDPOINT: must be http:\/\/HOST:PORT/],
    [{ [TRACES]: 'http://' }, /^OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: must be http:\/\/HOST:PORT/],
    [{ [GENERAL]: 'http://SECRET:99999' }, /must be http/],
    [{ [GENERAL]: 'http://SECRET:0' }, /must be http/],
    [{ [GENERAL]: 'token=SECRET' }, /must be http/],
    [{ [GENERAL]: 'x'.repeat(100) }, /must be http/],
    [{ ...HTTP, [GENERAL]: 'http://a,SECRET' }, /must be http/],
    [
      { [GENERAL]: 'http://u:SECRET@c:1' },
      /gRPC sends no user name and no password of the endpoint; use OTEL_EXPORTER_OTLP_HEADERS\.$/,
    ],
    [{ [GENERAL]: 'unix://SECRET/a' }, /must be http/],
    [{ [GENERAL]: 'unix:SECRET.sock' }, /must be http/],
    [{ [GENERAL]: 'xds:/SECRET' }, /must be http/],
    [{ [GENERAL]: `unix:/${'a'.repeat(107)}` }, /the path of a socket has at most 107 bytes\.$/],
    [{ [GENERAL]: `unix:///${'a'.repeat(107)}` }, /the path of a socket has at most 107 bytes\.$/],
    [{ ...HTTP, [GENERAL]: 'SECRET:4318' }, /must be http:\/\/HOST:PORT or https:\/\/HOST:PORT for http\/protobuf\.$/],
    [{ ...HTTP, [GENERAL]: 'unix:///SECRET' }, /must be http/],
    [{ ...HTTP, [GENERAL]: 'http://u:SECRET%@c' }, /the user name or the password is not percent-encoded UTF-8; /],
    [{ ...HTTP, [GENERAL]: 'http://c/?key=SECRET' }, /name the whole URL in OTEL_EXPORTER_OTLP_TRACES_ENDPOINT\.$/],
  ] as const) {
    it(JSON.stringify(env).replaceAll('a'.repeat(107), 'a...'), () => {
      assert.throws(
        () => readConnection(env as NodeJS.ProcessEnv),
        ({ exitCode, message }) => exitCode === 2 && sentence.test(message) && !message.includes('SECRET'),
      );
    });
  }
});

/** A server on which any connection counts, wherever it listens. */
async function connectsTo(
  where: { path: string } | { host: string; port: 0 },
  env: (port: number) => NodeJS.ProcessEnv,
) {
  let connections = 0;
  const server = createServer((socket) => {
    connections++;
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(where, resolve));
  const address = server.address();
  const connection = readConnection(env(typeof address === 'object' ? address!.port : 0));
  const collector = await openCollector(connection, 2000);
  await collector.send({ bytes: new Uint8Array(), spans: 0 });
  collector.close();
  await new Promise((resolve) => server.close(resolve));
  return connections > 0;
}

describe('the transports connect there', () => {
  it('IPv6', async () => {
    assert.ok(await connectsTo({ host: '::1', port: 0 }, (port) => ({ [GENERAL]: `http://[::1]:${port}` })));
    assert.ok(await connectsTo({ host: '::1', port: 0 }, (port) => ({ ...HTTP, [GENERAL]: `http://[::1]:${port}` })));
  });

  it('a socket with a blank in its path', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'compactstall-socket-'));
    const path = join(folder, 'a b');
    for (const form of [`unix://${path}`, `unix:${path}`]) {
      assert.ok(await connectsTo({ path }, () => ({ [GENERAL]: form, OTEL_EXPORTER_OTLP_INSECURE: 'true' })), form);
    }
    rmSync(folder, { recursive: true });
  });
});
