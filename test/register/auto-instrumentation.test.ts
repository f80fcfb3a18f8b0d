// SPDX-License-Identifier: Apache-2.0
// A server whose spans come from OpenTelemetry's auto-instrumentation.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NODES } from '../../harness/node-versions.ts';
import { runApplication } from './application.ts';
import { API, LOADER, REGISTER_CJS, REGISTER_ESM, SYNC_HOOKS } from './auto-instrumentation.ts';

const OURS = 'compactstall/register';
const env = {
  API,
  SYNC_HOOKS,
  OTEL_SERVICE_NAME: 'server',
  // Without a processor there would be no spans; nobody listens there.
  OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9',
  OTEL_METRICS_EXPORTER: 'none',
  OTEL_LOGS_EXPORTER: 'none',
  OTEL_LOG_LEVEL: 'none',
  // Other detectors ask the network about clouds.
  OTEL_NODE_RESOURCE_DETECTORS: 'env,host,process',
};
const WAYS = [
  {
    name: 'ESM, before it',
    args: ['--experimental-loader', LOADER, '--import', OURS, '--import', REGISTER_ESM, 'server.mjs'],
  },
  {
    name: 'ESM, after it',
    args: ['--experimental-loader', LOADER, '--import', REGISTER_ESM, '--import', OURS, 'server.mjs'],
  },
  {
    name: 'ESM with registerHooks, before it',
    args: ['--import', OURS, '--import', './sync-hooks.mjs', '--import', REGISTER_ESM, 'server.mjs'],
  },
  {
    name: 'ESM with registerHooks, after it',
    args: ['--import', './sync-hooks.mjs', '--import', REGISTER_ESM, '--import', OURS, 'server.mjs'],
  },
  { name: 'CommonJS, before it', args: ['--require', OURS, '--require', REGISTER_CJS, 'server.cjs'] },
  { name: 'CommonJS, after it', args: ['--require', REGISTER_CJS, '--require', OURS, 'server.cjs'] },
];

for (const { major, path, flags } of NODES) {
  describe(`auto-instrumentation on Node.js ${major}`, () => {
    for (const { name, args } of WAYS) {
      it(name, async () => {
        const { checks, code, stderr } = await runApplication(path, [...flags, ...args], env);
        assert.equal(code, 0, stderr);
        assert.doesNotMatch(stderr, /compactstall\/register:/);
        for (const { name, active, read } of checks) assert.deepEqual(read, active, name);
        // Five checks in each request, one more in the outer one, and one outside of spans at the end.
        assert.equal(checks.length, 3 * 5 + 1 + 1);
        assert.equal(checks.at(-1)!.read, undefined);
        const spans = (path: string) =>
          new Set(checks.filter(({ name }) => name.startsWith(`${path}:`)).map(({ read }) => read?.spanId));
        for (const path of ['/outer', '/inner', '/other']) assert.equal(spans(path).size, 1, path);
        const last = checks.at(-1)!.processContexts;
        assert.deepEqual(
          last.map(({ resource }) => resource['service.name']),
          ['server'],
        );
      });
    }
  });
}
