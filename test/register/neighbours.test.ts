// SPDX-License-Identifier: Apache-2.0
// Beside other publishers in one process: dd-trace, and other copies of compactstall/register.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { NODES } from '../../harness/node-versions.ts';
import { ensureNodeTracer } from '../../harness/tracers/tracers.ts';
import { type Run, runApplication } from './application.ts';
import { copyOfRegister } from './copy.ts';

const TRACERS = ensureNodeTracer();
const TRACER = `${TRACERS}/dd-trace`;
const OURS = fileURLToPath(new URL('../../dist/register/index.js', import.meta.url));
/** A copy that shares @datadog/pprof with dd-trace, as npm installs them where both want the same version of it. */
const SHARING = copyOfRegister({ packages: TRACERS });
const ANOTHER = copyOfRegister({ packages: fileURLToPath(new URL('../../node_modules', import.meta.url)) });

const DATADOG = {
  TRACER,
  DD_SERVICE: 'of-datadog',
  DD_TRACE_AGENT_URL: 'http://127.0.0.1:9',
  DD_INSTRUMENTATION_TELEMETRY_ENABLED: 'false',
  DD_REMOTE_CONFIGURATION_ENABLED: 'false',
  DD_TRACE_STARTUP_LOGS: 'false',
};
const PUBLISHES = { ...DATADOG, DD_TRACE_OTEL_CTX_ENABLED: 'true' };
const TAKEN = /^compactstall\/register: stalls will not be children of OpenTelemetry's spans: another library, .*\.\n$/;
const OTEL_CHECKS = ['active span', 'after a timer', 'nested span', 'outer again', 'no span any more'];

const services = ({ checks }: Run) => checks.at(-1)!.processContexts.map(({ resource }) => resource['service.name']);

function assertFollowed({ checks, code, stderr }: Run, names: string[]): void {
  assert.equal(stderr, '');
  assert.equal(code, 0);
  assert.deepEqual(
    checks.map(({ name }) => name),
    names,
  );
  for (const { name, active, read } of checks) assert.deepEqual(read, active, name);
  assert.ok(new Set(checks.map(({ read }) => read?.spanId)).size > 2);
}

for (const { major, path, flags } of NODES) {
  const run = (first: string[], env: NodeJS.ProcessEnv, args: string[] = []) =>
    runApplication(path, [...flags, ...args, 'neighbours.cjs'], { FIRST: first.join(' '), ...env });

  describe(`dd-trace on Node.js ${major}`, () => {
    for (const [order, first] of [
      ['after it', (register: string) => [TRACER, register]],
      ['before it', (register: string) => [register, TRACER]],
      ['before it and the SDK', (register: string) => [register, './sdk.cjs', TRACER]],
    ] as const) {
      it(`${order}: the service is that of dd-trace, once; OpenTelemetry's spans are published`, async () => {
        const ran = await run(first(SHARING), DATADOG);
        assertFollowed({ ...ran, checks: ran.checks.slice(0, -1) }, OTEL_CHECKS);
        assert.deepEqual(services(ran), ['of-datadog']);
      });

      it(`${order}, which only profiles: OpenTelemetry's spans are published`, async () => {
        const ran = await run(first(SHARING), { ...DATADOG, DD_PROFILING_ENABLED: 'true' });
        assertFollowed({ ...ran, checks: ran.checks.slice(0, -1) }, OTEL_CHECKS);
        assert.deepEqual(services(ran), ['of-datadog']);
      });

      it(`${order}, which publishes in a place of its own: both are published`, async () => {
        const ran = await run(first(OURS), PUBLISHES);
        assertFollowed(ran, [...OTEL_CHECKS, 'span of dd-trace']);
        assert.deepEqual(services(ran), ['of-datadog']);
      });

      it(`${order}, which publishes in the same place: its spans are published, and a line says so`, async () => {
        const ran = await run(first(SHARING), PUBLISHES);
        assert.match(ran.stderr, TAKEN);
        assert.equal(ran.code, 0);
        const { active, read } = ran.checks.at(-1)!;
        assert.notEqual(active, undefined);
        assert.deepEqual(read, active);
        // The API's own idea of the active span is as without us.
        const [outer, , inner, again, none] = ran.checks.map(({ active }) => active?.spanId);
        assert.ok(outer !== undefined && inner !== undefined && outer !== inner && again === outer);
        assert.equal(none, undefined);
        assert.deepEqual(services(ran), ['of-datadog']);
      });

      it(`${order}, in an application without OpenTelemetry: one process context`, async () => {
        const ran = await run(first(OURS), { ...DATADOG, SDK: 'none' });
        assert.deepEqual({ code: ran.code, stderr: ran.stderr }, { code: 0, stderr: '' });
        assert.deepEqual(services(ran), ['of-datadog']);
      });
    }
  });

  describe(`another copy of compactstall/register on Node.js ${major}`, () => {
    it('in NODE_OPTIONS, and one in the application', async () => {
      const ran = await run(['./sdk.cjs', OURS], { NODE_OPTIONS: `--import ${ANOTHER}`, OTEL_SERVICE_NAME: 'shop' });
      assertFollowed(ran, OTEL_CHECKS);
      assert.deepEqual(services(ran), ['shop']);
    });

    it('in a worker', async () => {
      const ran = await run([OURS], { WORKER: ANOTHER, OTEL_SERVICE_NAME: 'shop' });
      assertFollowed(ran, [...OTEL_CHECKS, ...OTEL_CHECKS, 'after the worker']);
      assert.deepEqual(services(ran), ['shop']);
    });
  });
}
