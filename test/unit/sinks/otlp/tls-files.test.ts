// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { collector } from '../../../../src/doctor/collector.ts';
import { checkEnvironment } from '../../../../src/sinks/otlp/check.ts';
import { readTlsFiles } from '../../../../src/sinks/otlp/tls-files.ts';

const fixture = (name: string) => fileURLToPath(new URL(`../../../fixtures/tls/${name}`, import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'compactstall-tls-'));
after(() => rmSync(folder, { recursive: true }));
const written = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

const CA = 'OTEL_EXPORTER_OTLP_CERTIFICATE';
const CERT = 'OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE';
const KEY = 'OTEL_EXPORTER_OTLP_CLIENT_KEY';
const TLS = { OTEL_EXPORTER_OTLP_ENDPOINT: 'https://localhost:1' };
const empty = written('empty.pem', '');
const cut = written('cut.pem', '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n');

const CASES: readonly (readonly [what: string, env: NodeJS.ProcessEnv, sentence: RegExp])[] = [
  [
    'a file that is not there',
    { [CA]: '/no/such.pem' },
    /^\w+_OTLP_CERTIFICATE: the file cannot be read \(no such file or directory\); /,
  ],
  [
    'a path with a line break',
    { [CA]: '/no/\nsuch' },
    /^\w+_OTLP_CERTIFICATE: the file cannot be read \(no such file or directory\); /,
  ],
  [
    'a path with a NUL, as a configuration file may have one',
    { [CA]: '/no/\0secret' },
    /^\w+_OTLP_CERTIFICATE: the file cannot be read \(no path has a NUL character\); name a readable PEM file\.$/,
  ],
  [
    'a directory',
    { [CA]: folder },
    /^\w+_OTLP_CERTIFICATE: the file cannot be read \(illegal operation on a directory\); /,
  ],
  ['an empty file', { [CA]: empty }, /^\w+_OTLP_CERTIFICATE: the file holds no certificate; name a PEM file\.$/],
  ['a damaged certificate', { [CA]: cut }, /^\w+_OTLP_CERTIFICATE: certificate 1 of the file is damaged/],
  ['a key for a certificate', { [CA]: fixture('own.key') }, /^\w+_OTLP_CERTIFICATE: the file holds no certificate/],
  [
    'a certificate without its key',
    { [CERT]: fixture('own.pem') },
    /^\w+_CLIENT_CERTIFICATE: a certificate needs its key; set OTEL_EXPORTER_OTLP_CLIENT_KEY too\.$/,
  ],
  [
    'a key without its certificate',
    { [KEY]: fixture('own.key') },
    /^\w+_CLIENT_KEY: a key needs its certificate; set OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE too\.$/,
  ],
  [
    'different pairs',
    { [CERT]: fixture('own.pem'), [KEY]: fixture('other.key') },
    /^OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE and OTEL_EXPORTER_OTLP_CLIENT_KEY: the key is not the key of this certificate\.$/,
  ],
  [
    'an encrypted key',
    { [CERT]: fixture('own.pem'), [KEY]: fixture('own-encrypted.key') },
    /^\w+_CLIENT_KEY: the key is encrypted; /,
  ],
  [
    'no key in the file',
    { [CERT]: fixture('own.pem'), [KEY]: fixture('own.pem') },
    /^\w+_CLIENT_KEY: the file holds no private key/,
  ],
  [
    'more authorities, unreadable',
    { NODE_EXTRA_CA_CERTS: '/no/such.pem' },
    /^NODE_EXTRA_CA_CERTS: the file cannot be read/,
  ],
  [
    "gRPC's own authorities, unreadable",
    { GRPC_DEFAULT_SSL_ROOTS_FILE_PATH: '/no/such.pem' },
    /^GRPC_DEFAULT_SSL_ROOTS_FILE_PATH: the file cannot be read/,
  ],
  [
    'unknown ciphers',
    { GRPC_SSL_CIPHER_SUITES: 'fixtures' },
    /^GRPC_SSL_CIPHER_SUITES: OpenSSL knows none of these ciphers\.$/,
  ],
];

describe('a file that TLS cannot use: run refuses it before it starts, doctor fails alike', () => {
  for (const [what, env, sentence] of CASES) {
    it(what, async () => {
      assert.throws(() => checkEnvironment({ ...TLS, ...env }), { exitCode: 2, message: sentence });
      const found = await collector({ ...TLS, ...env });
      assert.equal(found.status, 'fail');
      assert.match(found.why, sentence);
      assert.ok(!found.why.includes(folder) && !found.why.includes('fixtures'), 'no path');
    });
  }
});

it('a pair that fits, and several authorities in one file, are accepted by both transports', async () => {
  const both = written('both.pem', '# two\n'); // a comment may stand between them
  for (const name of ['own.pem', 'other.pem']) appendFileSync(both, readFileSync(fixture(name)));
  const env = { ...TLS, [CA]: both, [CERT]: fixture('own.pem'), [KEY]: fixture('own.key') };
  for (const protocol of ['grpc', 'http/protobuf']) {
    const found = await collector({ ...env, OTEL_EXPORTER_OTLP_PROTOCOL: protocol });
    assert.match(found.why, /ECONNREFUSED/, 'nobody listens there, and all else was accepted');
  }
});

it('a certificate that has expired is a warning: the clock may be wrong', () => {
  const env = { [CA]: fixture('other.pem'), [CERT]: fixture('own.pem'), [KEY]: fixture('own.key') };
  assert.deepEqual(readTlsFiles(env).expired, []);
  assert.deepEqual(readTlsFiles(env, Date.UTC(9999)).expired, [CA, CERT]);
});

it('a file is read once: it may be a pipe', async () => {
  const pipe = join(folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
  const writer = spawn('cp', [fixture('own.pem'), pipe], { stdio: 'ignore' });
  const env = { ...TLS, [CA]: pipe };
  checkEnvironment(env);
  await once(writer, 'exit');
  rmSync(pipe);
  assert.match((await collector(env)).why, /ECONNREFUSED/);
});
