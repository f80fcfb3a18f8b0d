// SPDX-License-Identifier: Apache-2.0
// A Rust service with Datadog's tracer, which publishes its spans when it is built to (harness/tracers/rust).
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { ensureTracers } from '../../harness/tracers/tracers.ts';
import { assertForetold, assertRelated, relations, type Stall, Traced } from './traced.ts';

const { rust, lacks } = ensureTracers();
const skip = lacks ?? false;

async function started(t: TestContext, build: 'exported' | 'unexported'): Promise<Traced> {
  const traced = await Traced.start([`${rust}/${build}`], 'nested');
  t.after(() => traced.end());
  return traced;
}

/** The threads in which each span stalled. */
const threadsOf = (stalls: readonly Stall[]) =>
  [...Map.groupBy(stalls, ({ span }) => span?.spanId).values()].map((some) => new Set(some.map(({ tid }) => tid)));

describe('datadog-opentelemetry: a stall', { skip }, () => {
  for (const [build, how] of [
    ['exported', 'with the line in build.rs'],
    ['unexported', 'without it, by the symbol table'],
  ] as const) {
    it(`is a child of exactly the active span, ${how}, as doctor --pid foretells`, async (t) => {
      const traced = await started(t, build);
      const word = await traced.foretold();
      assert.match(word, /, service shop \(from its process context\)\. /);
      for (const way of ['nested', 'threads']) {
        const stalls = await traced.stalls(way);
        assertRelated(stalls, 'child');
        assertForetold(word, stalls);
      }
      const moved = await traced.stalls('tasks');
      assert.ok(threadsOf(moved).every(({ size }) => size > 1));
      assertRelated(moved, 'child');
      const unsampled = await traced.stalls('unsampled');
      assertRelated(unsampled, 'link');
      assertForetold(word, unsampled);
    });
  }

  it('has the attributes that the tracer publishes', async (t) => {
    const traced = await started(t, 'exported');
    const [outer, inner, again, outside] = await traced.stalls('nested');
    const root = { 'datadog.local_root_span_id': outer!.span!.spanId };
    for (const { events } of [outer!, inner!, again!]) {
      for (const { context } of events) assert.deepEqual(context?.attributes, root);
    }
    assert.deepEqual(relations([outside!]), ['root']);
  });

  it('of a process that ends right after it has its span and its service', async (t) => {
    const traced = await started(t, 'exported');
    assertRelated(await traced.stalls('ends'), 'child');
  });

  it('is a root without the line in build.rs and without a symbol table, as doctor --pid foretells', async (t) => {
    const traced = await Traced.startNamed([`${rust}/stripped`], 'nested');
    t.after(() => traced.end());
    const word = await traced.foretold();
    assert.deepEqual(assertForetold(word, await traced.stalls('nested')), ['root']);
    assert.match(word, /, service shop \(from its process context\)\. /);
    assert.match(word, /announces thread contexts, but no file exports the symbol: link with --export-dynamic-symbol/);
  });
});
