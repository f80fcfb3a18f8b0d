// SPDX-License-Identifier: Apache-2.0
// A collector behind TLS, with files that only root may read: the agent has read them before it gives root up.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it, type TestContext } from 'node:test';
import { ServerCredentials } from '@grpc/grpc-js';
import { COMPACT_NODE0, compact, populatedZones } from '../../harness/host.ts';
import type { Protocol } from '../../src/sinks/otlp/settings.ts';
import { Agent } from '../support/agent.ts';
import { listen } from '../support/listen.ts';
import { NOBODY, rightsOf } from '../support/rights.ts';
import { startGrpcServer } from '../unit/sinks/otlp/grpc-server.ts';
import { decodeRequest, encodeResponse } from '../unit/sinks/otlp/wire.ts';

const ZONES = populatedZones().filter(({ node }) => node === 0).length;

/** Closed to others, as mkdtemp makes it. */
const folder = mkdtempSync(join(tmpdir(), 'compactstall-tls-'));
after(() => rmSync(folder, { recursive: true }));
const openssl = (...words: string[]) => execFileSync('openssl', words, { cwd: folder, stdio: 'pipe' });
const file = (name: string) => join(folder, name);

openssl(...'req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=ca -keyout ca.key -out ca.pem'.split(' '));
for (const name of ['server', 'client']) {
  const san = ['-addext', 'subjectAltName=DNS:localhost'];
  openssl(...`req -newkey rsa:2048 -nodes -subj /CN=${name} -keyout ${name}.key -out ${name}.csr`.split(' '), ...san);
  openssl(
    ...`x509 -req -days 2 -in ${name}.csr -CA ca.pem -CAkey ca.key -CAcreateserial -copy_extensions copy`.split(' '),
    ...['-out', `${name}.pem`],
  );
}
for (const name of ['ca.pem', 'client.pem', 'client.key']) execFileSync('chmod', ['600', file(name)]);

interface Server {
  port: number;
  spans: unknown[];
}

/** Both take only clients with a certificate of the same authority. */
const SERVERS: Record<Protocol, (t: TestContext) => Promise<Server>> = {
  grpc: (t) => {
    const pair = { private_key: readFileSync(file('server.key')), cert_chain: readFileSync(file('server.pem')) };
    const credentials = ServerCredentials.createSsl(readFileSync(file('ca.pem')), [pair], true);
    return startGrpcServer(t, undefined, { credentials });
  },
  'http/protobuf': async (t) => {
    const seen: Server = { port: 0, spans: [] };
    const files = { key: readFileSync(file('server.key')), cert: readFileSync(file('server.pem')) };
    const options = { ...files, ca: readFileSync(file('ca.pem')), requestCert: true, rejectUnauthorized: true };
    const server = createServer(options, async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      seen.spans.push(...decodeRequest(Buffer.concat(chunks)));
      response.end(encodeResponse());
    });
    seen.port = await listen(t, server);
    return seen;
  },
};

describe('TLS files that only root may read', () => {
  for (const [protocol, authority] of [
    ['grpc', 'OTEL_EXPORTER_OTLP_CERTIFICATE'],
    ['http/protobuf', 'OTEL_EXPORTER_OTLP_CERTIFICATE'],
    ['grpc', 'NODE_EXTRA_CA_CERTS'],
    ['http/protobuf', 'NODE_EXTRA_CA_CERTS'],
  ] as const) {
    it(`${authority}, a client's certificate and its key: spans arrive by ${protocol}`, async (t) => {
      const server = await SERVERS[protocol](t);
      const env = {
        OTEL_EXPORTER_OTLP_ENDPOINT: `https://localhost:${server.port}`,
        OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
        [authority]: file('ca.pem'),
        OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: file('client.pem'),
        OTEL_EXPORTER_OTLP_CLIENT_KEY: file('client.key'),
      };
      const agent = await new Agent(['-o', 'otlp', '--pid', `${process.pid}`], { env }).attached();
      t.after(() => agent.stop());
      assert.equal(rightsOf(`/proc/${agent.pid}/status`).uids[0], NOBODY);
      compact(COMPACT_NODE0, 1);
      const { code, stderr } = await agent.stop();
      assert.equal(code, 0, stderr);
      assert.equal(server.spans.length, ZONES);
      assert.doesNotMatch(stderr, /[Ww]arning|certificate/);
    });
  }
});
