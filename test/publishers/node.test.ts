// SPDX-License-Identifier: Apache-2.0
// A Node.js service with dd-trace, which publishes its spans when it is told to; and one that has another publisher as well.
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { ensureTracers } from '../../harness/tracers/tracers.ts';
import { APPS, assertForetold, assertRelated, relations, SERVICE, Traced } from './traced.ts';

const TRACER = `${ensureTracers().node}/dd-trace`;

async function started(t: TestContext, app: string, first: string, env: NodeJS.ProcessEnv): Promise<Traced> {
  const traced = await Traced.start([process.execPath, `${APPS}${app}`], first, { TRACER, ...env });
  t.after(() => traced.end());
  return traced;
}

const publishing = (t: TestContext) => started(t, 'spans.cjs', 'main nested', { DD_TRACE_OTEL_CTX_ENABLED: 'true' });

describe('dd-trace: a stall', () => {
  it('is linked to exactly the active span, before sampling is decided', async (t) => {
    const traced = await publishing(t);
    for (const way of ['main nested', 'main interleaved', 'worker nested', 'worker interleaved']) {
      assertRelated(await traced.stalls(way), 'link');
    }
  });

  it('is a child of a span that is sampled because its caller is', async (t) => {
    const traced = await publishing(t);
    for (const way of ['main sampled', 'worker sampled']) assertRelated(await traced.stalls(way), 'child');
  });

  it('is a root, when its span has ended', async (t) => {
    const traced = await publishing(t);
    assertRelated([...(await traced.stalls('main nested')), ...(await traced.stalls('main late'))], 'link');
  });

  it('of a process that ends right after it has its span and its service', async (t) => {
    const traced = await publishing(t);
    assertRelated(await traced.stalls('main ends'), 'link');
  });

  it('is as doctor --pid foretells', async (t) => {
    const traced = await publishing(t);
    const word = await traced.foretold();
    assert.match(word, /, service shop \(from its process context\)\. .*until dd-trace has decided/);
    const stalls = [...(await traced.stalls('main nested')), ...(await traced.stalls('main sampled'))];
    assertForetold(word, stalls);
    assert.deepEqual(new Set(relations(stalls)), new Set(['child', 'link', 'root']));
    assert.match(word, /--context child-always/);
  });

  for (const [what, env] of [
    ['it is not told to publish', {}],
    ['it only profiles, and so has a place for spans', { DD_PROFILING_ENABLED: 'true' }],
  ] as const) {
    it(`is a root when ${what}, as doctor --pid foretells`, async (t) => {
      const command = [process.execPath, `${APPS}spans.cjs`];
      const traced = await Traced.startNamed(command, 'main nested', { TRACER, ...env });
      t.after(() => traced.end());
      const word = await traced.foretold();
      assert.deepEqual(assertForetold(word, await traced.stalls('main nested')), ['root']);
      assert.match(word, /DD_TRACE_OTEL_CTX_ENABLED=true/);
    });
  }
});

describe('compactstall/register beside dd-trace: a stall is a child of OpenTelemetry’s span', () => {
  for (const order of ['register first', 'dd-trace first']) {
    for (const [what, env] of [
      ['publishes too', { DD_TRACE_OTEL_CTX_ENABLED: 'true' }],
      ['only profiles', { DD_PROFILING_ENABLED: 'true' }],
    ] as const) {
      it(`${order}, which ${what}`, async (t) => {
        const [first] = order.split(' ');
        const traced = await started(t, 'two-copies.cjs', 'nine', { ...env, FIRST: first, OTEL_SERVICE_NAME: SERVICE });
        const word = await traced.foretold();
        assert.match(word, /It has 2 places for spans; the first that holds a valid one counts\./);
        const stalls = await traced.stalls('nine');
        assert.equal(stalls.length, 9);
        assertRelated(stalls, 'child');
        assertForetold(word, stalls);
      });
    }
  }
});
