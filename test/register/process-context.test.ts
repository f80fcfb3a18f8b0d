// SPDX-License-Identifier: Apache-2.0
// The attributes of the process, as found by an outside reader.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NODES } from '../../harness/node-versions.ts';
import { runApplication } from './application.ts';

const THREADS = { 'threadlocal.schema_version': 'nodejs_v1_dev', 'threadlocal.attribute_key_map': [] };
const REGISTER = ['--import', 'compactstall/register'];
const OTEL = { OTEL_SERVICE_NAME: 'from-environment', OTEL_RESOURCE_ATTRIBUTES: 'team=a%2Cb,service.version=1.2' };
const SDK_ENDS_AS = { 'service.name': 'shop', 'telemetry.sdk.language': 'nodejs', 'telemetry.sdk.version': '3.1.0' };

for (const { major, path, flags } of NODES) {
  describe(`Node.js ${major}`, () => {
    const run = (args: string[], env: NodeJS.ProcessEnv) => runApplication(path, [...flags, ...REGISTER, ...args], env);

    it('comes from the environment until the SDK starts', async () => {
      const { checks } = await run(['process.cjs'], OTEL);
      for (const { processContexts } of checks) assert.equal(processContexts.length, 1);
      const [before, after] = checks.map(({ processContexts }) => processContexts[0]!);
      assert.deepEqual(before!.resource, { team: 'a,b', 'service.name': 'from-environment', 'service.version': '1.2' });
      assert.deepEqual(before!.attributes, THREADS);
      assert.match(before!.mapping, /^\/memfd:OTEL_CTX/);
      assert.ok(after!.publishedAtNs > before!.publishedAtNs);
      assert.deepEqual({ ...after!.resource, ...SDK_ENDS_AS }, after!.resource);
      assert.deepEqual(after!.attributes, THREADS);
    });

    it('comes from the SDK of a worker, where the main thread has none', async () => {
      const { checks, code, stderr } = await run(['process.cjs'], { WORKER: 'only' });
      assert.equal(stderr, '');
      assert.equal(code, 0);
      assert.deepEqual(
        checks.map(({ processContexts }) => processContexts.map(({ resource }) => resource['service.name'])),
        // It stays after the end of the worker.
        [[undefined], ['shop'], ['shop']],
      );
    });

    it('is not changed by the SDK of a worker, where the main thread has one', async () => {
      const { checks } = await run(['process.cjs'], { WORKER: 'too' });
      const names = checks.map(({ processContexts }) =>
        processContexts.map(({ resource }) => resource['service.name']),
      );
      assert.deepEqual(names, [[undefined], ['shop'], ['shop'], ['shop']]);
      const instances = checks
        .slice(1)
        .map(({ processContexts }) => processContexts[0]!.resource['service.instance.id']);
      assert.equal(new Set(instances).size, 1);
    });

    it('survives 20 000 spans', async () => {
      const { checks, code, stderr } = await run(['churn.cjs'], {});
      assert.equal(stderr, '');
      assert.equal(code, 0);
      for (const { name, active, read } of checks) assert.deepEqual(read, active, name);
      assert.equal(checks.length, 21);
    });
  });
}
