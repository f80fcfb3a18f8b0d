// SPDX-License-Identifier: Apache-2.0
// A Python service with ddtrace, which publishes its spans unless it is told not to.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, it, type TestContext } from 'node:test';
import { ensureTracers } from '../../harness/tracers/tracers.ts';
import { APPS, assertForetold, assertRelated, relations, SERVICE, Traced } from './traced.ts';

const { python } = ensureTracers();
const APP = `${APPS}spans.py`;
const minor = Number(execFileSync(python, ['-c', 'import sys; print(sys.version_info.minor)'], { encoding: 'utf8' }));

async function started(t: TestContext, env: NodeJS.ProcessEnv = {}): Promise<Traced> {
  const traced = await Traced.start([python, APP], 'nested', env);
  t.after(() => traced.end());
  return traced;
}

describe('ddtrace: a stall', () => {
  it('is linked to exactly the active span, before sampling is decided', async (t) => {
    const traced = await started(t);
    for (const way of ['nested', 'in_threads', 'in_pool']) assertRelated(await traced.stalls(way), 'link');
  });

  it('is a child of a span that is sampled because its caller is', async (t) => {
    const traced = await started(t);
    assertRelated(await traced.stalls('sampled'), 'child');
  });

  it('in a forked child is a child of its own span, from the first on, as ddtrace decides to sample before it forks', async (t) => {
    const traced = await started(t);
    const stalls = await traced.stalls('forked');
    assert.ok(stalls.every(({ pid }) => pid !== traced.pid));
    assertRelated(stalls, 'child');
  });

  it('of a process that ends right after it has its span and its service', async (t) => {
    const traced = await started(t);
    assertRelated(await traced.stalls('ends'), 'link');
  });

  it('in asyncio has its span from Python 3.14 on; before, ddtrace publishes another one or none', async (t) => {
    const traced = await started(t);
    const stalls = relations(await traced.stalls('in_asyncio'));
    const right = stalls.every((relation) => relation === 'link');
    assert.equal(right, minor >= 14, stalls.join());
    assert.equal(
      /In asyncio a stall may be linked to another task's span, or to none: /.test(await traced.foretold()),
      !right,
    );
  });

  it('is as doctor --pid foretells', async (t) => {
    const traced = await started(t);
    const word = await traced.foretold();
    assert.match(word, /, service shop \(from its process context\)\. .*until ddtrace has decided/);
    const stalls = [...(await traced.stalls('nested')), ...(await traced.stalls('sampled'))];
    assertForetold(word, stalls);
    assert.deepEqual(new Set(relations(stalls)), new Set(['child', 'link', 'root']));
    assert.match(word, /--context child-always/);
  });

  it('is a root when it is told not to publish, as doctor --pid foretells', async (t) => {
    const traced = await Traced.startNamed([python, APP], 'nested', { DD_TRACE_OTEL_CTX_ENABLED: 'false' });
    t.after(() => traced.end());
    assert.deepEqual(assertForetold(await traced.foretold(), await traced.stalls('nested')), ['root']);
  });
});

describe('OpenTelemetry’s SDK for Python: a stall is a root, as doctor --pid foretells', () => {
  for (const [what, env, service, named] of [
    ['with a service', { OTEL_SERVICE_NAME: SERVICE }, SERVICE, /from its environment\)/],
    ['without a service', {}, /^unknown_service:python/, /neither a process context nor its environment names one\)/],
    [
      'with a file of configuration',
      { OTEL_SERVICE_NAME: SERVICE, OTEL_CONFIG_FILE: '/etc/otel.yaml' },
      SERVICE,
      /from its environment; OTEL_CONFIG_FILE is set, /,
    ],
    [
      'with another title',
      { OTEL_SERVICE_NAME: SERVICE, TITLE: `worker ${'x'.repeat(2000)}` },
      /^unknown_service:python/,
      /it has overwritten its environment, /,
    ],
  ] as const) {
    it(what, async (t) => {
      // An agent that is older knows what the environment was before it was overwritten.
      const traced = await Traced.startOld([python, `${APPS}otel.py`], 'work', env);
      t.after(() => traced.end());
      const word = await traced.foretold();
      const stalls = await traced.stalls('work');
      const name = String(stalls[0]!.events[0]!.resource?.['service.name']);
      if (typeof service === 'string') assert.equal(name, service);
      else assert.match(name, service);
      assert.deepEqual(assertForetold(word, stalls, name), ['root']);
      assert.ok(word.includes(`, service ${name} (`), word);
      assert.match(word, named);
      assert.match(word, /ddtrace publishes spans by itself/);
    });
  }
});
