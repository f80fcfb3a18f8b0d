// SPDX-License-Identifier: Apache-2.0
// Every configuration in otel-collector/ is valid for the real program, and opens exactly its documented ports, on loopback.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { Child, freePorts, listeners } from '../../harness/child.ts';
import { type Backend, CONFIGS, ensureBackends } from '../../harness/receivers/receivers.ts';

/** The port variables of a configuration and their defaults. */
const PORTS: Record<string, Record<string, number>> = {
  'agent.yaml': { COMPACTSTALL_OTLP_GRPC_PORT: 4317, COMPACTSTALL_OTLP_HTTP_PORT: 4318 },
  'debug.yaml': { COMPACTSTALL_OTLP_GRPC_PORT: 4317, COMPACTSTALL_OTLP_HTTP_PORT: 4318 },
  'gateway.yaml': { COMPACTSTALL_OTLP_GRPC_PORT: 4317, COMPACTSTALL_OTLP_HTTP_PORT: 4318 },
  'jaeger.yaml': {
    COMPACTSTALL_OTLP_GRPC_PORT: 4317,
    COMPACTSTALL_OTLP_HTTP_PORT: 4318,
    COMPACTSTALL_JAEGER_HTTP_PORT: 16686,
    COMPACTSTALL_JAEGER_GRPC_PORT: 16685,
  },
  'loadbalancing.yaml': { COMPACTSTALL_OTLP_GRPC_PORT: 4317, COMPACTSTALL_OTLP_HTTP_PORT: 4318 },
  'read-file.yaml': {},
  'spanmetrics.yaml': { COMPACTSTALL_OTLP_GRPC_PORT: 4317, COMPACTSTALL_OTLP_HTTP_PORT: 4318 },
  'tempo.yaml': { COMPACTSTALL_OTLP_GRPC_PORT: 4317, COMPACTSTALL_OTLP_HTTP_PORT: 4318 },
  'vendors.yaml': { COMPACTSTALL_OTLP_GRPC_PORT: 4317, COMPACTSTALL_OTLP_HTTP_PORT: 4318 },
  'zipkin.yaml': { COMPACTSTALL_OTLP_GRPC_PORT: 4317, COMPACTSTALL_OTLP_HTTP_PORT: 4318 },
};

const temporary = mkdtempSync(join(tmpdir(), 'compactstall-configs-'));
let binaries: Record<Backend, string>;
before(async () => {
  binaries = await ensureBackends();
});
after(() => rmSync(temporary, { recursive: true }));

/** It needs a processor with which the Collector of the tests would take many times as long to build. */
const NOT_BUILT = 'kubernetes.yaml';
const configs = readdirSync(CONFIGS).filter((name) => name.endsWith('.yaml') && name !== NOT_BUILT);
test('each configuration is known here', () => assert.deepEqual(configs.sort(), Object.keys(PORTS).sort()));

for (const name of configs) {
  const binary = () => binaries[name.startsWith('jaeger') ? 'jaeger' : 'collector'];
  const source = readFileSync(CONFIGS + name, 'utf8');

  /** A copy with one change, which must have an effect. */
  const changed = (suffix: string, from: string, to: string): string => {
    assert.ok(source.includes(from), `${name} has no ${from}`);
    const path = join(temporary, `${suffix}-${name}`);
    writeFileSync(path, source.replaceAll(from, to));
    return path;
  };

  suite(name, () => {
    test('is valid as it stands', async () => assert.deepEqual(await validate(binary(), CONFIGS + name), { code: 0 }));

    test('is refused with a misspelt setting', async () => {
      const { code, output } = await validate(binary(), changed('misspelt', 'endpoint:', 'endpiont:'));
      assert.equal(code, 1);
      assert.match(output ?? '', /endpiont/);
    });

    test('is refused with an unknown component', async () => {
      const { code, output } = await validate(binary(), changed('unknown', '  otlp:', '  oltp:'));
      assert.equal(code, 1);
      assert.match(output ?? '', /oltp/);
    });

    test('has the usual ports as defaults', () => {
      const defaults = [...source.matchAll(/\$\{env:(\w+_PORT):-(\d+)\}/g)].map(([, key, port]) => [key, Number(port)]);
      const { COMPACTSTALL_BACKEND_PORT: backend = 4317, ...own } = Object.fromEntries(defaults);
      assert.deepEqual([own, backend], [PORTS[name], 4317]);
    });

    test('opens these ports on 127.0.0.1 and nothing else', async () => {
      const { opened, expected } = await run(binary(), CONFIGS + name, Object.keys(PORTS[name]!));
      assert.deepEqual(opened, expected);
    });

    test('would be noticed with 0.0.0.0 instead', async () => {
      const open = changed('open', '127.0.0.1', '0.0.0.0');
      const { opened, expected } = await run(binary(), open, Object.keys(PORTS[name]!));
      assert.equal(opened.length, expected.length);
      for (const address of opened) assert.ok(!expected.includes(address), address);
    });
  });
}

function validate(binary: string, config: string): Promise<{ code: number; output?: string }> {
  const env = Object.fromEntries(Object.entries(process.env).filter(([key]) => !key.startsWith('COMPACTSTALL_')));
  return new Promise((resolve) => {
    execFile(binary, ['validate', '--config', config], { env }, (error, stdout, stderr) =>
      resolve(error ? { code: error.code as number, output: stdout + stderr } : { code: 0 }),
    );
  });
}

/** Runs a configuration on free ports. @returns the addresses on which it listens, and those on which it should */
async function run(binary: string, config: string, variables: string[]) {
  const ports = await freePorts(variables.length);
  const child = new Child('config', binary, ['--config', config], {
    ...Object.fromEntries(variables.map((variable, index) => [variable, `${ports[index]}`])),
    COMPACTSTALL_QUEUE_DIRECTORY: join(temporary, 'queue'),
    COMPACTSTALL_SPANS_FILE: join(temporary, 'spans.jsonl'),
    COMPACTSTALL_METRICS_FILE: join(temporary, 'metrics.jsonl'),
    COMPACTSTALL_LOGS_FILE: join(temporary, 'logs.jsonl'),
  });
  await child.ready(async () => child.log().includes('Everything is ready'));
  try {
    return { opened: listeners(child.pid), expected: ports.map((port) => `127.0.0.1:${port}`).sort() };
  } finally {
    // Not stop(): a Collector that has just become ready may still die of SIGTERM, instead of ending.
    await child.kill();
  }
}
