// SPDX-License-Identifier: Apache-2.0
// Arguments and settings that cannot be used, by the built commands: none needs root, as each is refused before anything is loaded.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ServerCredentials } from '@grpc/grpc-js';
import { runToEnd } from '../../support/agent.ts';
import { fixture } from '../fixtures.ts';
import { startGrpcServer } from '../sinks/otlp/grpc-server.ts';

const RECORDING = fileURLToPath(fixture('snoop/events.jsonl'));
const ENDPOINT = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' };
const CLEARS = '\x1b[2J\r\nforged: line\u202e';

describe('a setting that cannot be used: run, replay and doctor say the same', () => {
  for (const [env, sentence] of [
    [
      { OTEL_EXPORTER_OTLP_HEADERS: 'x=caf%C3%A9' },
      'OTEL_EXPORTER_OTLP_HEADERS: the value of x has a character that gRPC cannot carry; ',
    ],
    [
      { OTEL_EXPORTER_OTLP_CLIENT_KEY: '/no/such' },
      'OTEL_EXPORTER_OTLP_CLIENT_KEY: the file cannot be read (no such file or directory); ',
    ],
    [{ OTEL_RESOURCE_ATTRIBUTES: 'k8s.node.name=n7,note=a=b' }, 'OTEL_RESOURCE_ATTRIBUTES: pair 2 is not name=value; '],
    [{ OTEL_TRACES_SAMPLER: CLEARS }, 'OTEL_TRACES_SAMPLER: allowed are '],
    [
      { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://10.0.0.1:1', http_proxy: 'socks5://a' },
      'http_proxy: must be http://HOST:PORT.',
    ],
  ] as const) {
    it(Object.keys(env).join(' and '), async () => {
      const all = { env: { ...ENDPOINT, ...env } };
      for (const args of [[], ['replay', RECORDING]]) {
        const { code, stdout, stderr } = await runToEnd([...args, '--output', 'none'], all);
        assert.ok(stderr.startsWith(`compactstall: ${sentence}`), stderr);
        assert.deepEqual({ code, stdout, lines: stderr.split('\n').length }, { code: 2, stdout: '', lines: 2 });
      }
      const { stdout } = await runToEnd(['doctor', '--json'], all);
      const checks: { id: string; status: string; why: string }[] = JSON.parse(stdout).checks;
      const found = checks.find(({ why }) => why.startsWith(sentence));
      assert.equal(found?.status, 'fail', JSON.stringify(checks));
    });
  }
});

describe('what an argument quotes cannot forge a line or move the cursor', () => {
  for (const [command, args] of [
    ['compactstall', ['--pid', CLEARS]],
    ['compactstall', ['--output', CLEARS]],
    ['compactstall', ['--output', `json:/no/such/${CLEARS}`]],
    ['compactstall', ['--user', CLEARS]],
    ['compactstall', ['--btf', CLEARS]],
    ['compactstall', ['--trigger', CLEARS]],
    ['compactstall', [`--${CLEARS}`]],
    ['compactstall', [CLEARS]],
    ['compactstall', ['replay', CLEARS]],
    ['compactstall', ['replay', 'a', CLEARS]],
    ['compactstall', ['doctor', CLEARS]],
    ['compactsnoop', ['-d', CLEARS]],
    ['compactsnoop', [`-p${CLEARS}`]],
    ['compactsnoop', [`--${CLEARS}`]],
  ] as const) {
    it(`${command} ${JSON.stringify(args)}`, async () => {
      const { code, stdout, stderr } = await runToEnd([...args], { command });
      assert.equal(stdout, '');
      assert.notEqual(code, 0);
      assert.match(stderr, /^compact\w+: \P{C}+\n$/u);
    });
  }
});

it('TLS to an address: spans arrive, and nothing of the libraries is on standard error', async (t) => {
  const [cert_chain, private_key] = ['own.pem', 'own.key'].map((name) => readFileSync(fixture(`tls/${name}`)));
  const pair = { cert_chain: cert_chain!, private_key: private_key! };
  const server = await startGrpcServer(t, undefined, { credentials: ServerCredentials.createSsl(null, [pair]) });
  const { code, stderr } = await runToEnd(['replay', RECORDING, '--output', 'none'], {
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: `https://127.0.0.1:${server.port}`,
      OTEL_EXPORTER_OTLP_CERTIFICATE: fileURLToPath(fixture('tls/own.pem')),
    },
  });
  assert.equal(code, 0);
  assert.ok(server.spans.length > 0);
  assert.doesNotMatch(stderr, /Warning/);
});
