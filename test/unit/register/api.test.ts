// SPDX-License-Identifier: Apache-2.0
// watchApi with the real API, which keeps its registrations in the watched object.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { type ContextManager, context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { watchApi } from '../../../src/register/api.ts';

it('sees what is registered after it, before it, and again', () => {
  const seen: unknown[] = [];
  const others: unknown[] = [];
  watchApi({ context: (manager) => seen.push(manager), trace: () => {} });
  const [first, second] = [new AsyncLocalStorageContextManager(), new AsyncLocalStorageContextManager()];
  assert.ok(context.setGlobalContextManager(first));
  // The API refuses a second one, as usual.
  assert.equal(context.setGlobalContextManager(second), false);
  assert.deepEqual(seen, [first]);

  context.disable();
  assert.ok(context.setGlobalContextManager(second));
  assert.deepEqual(seen, [first, second]);

  watchApi({
    context: (manager) => others.push(manager),
    trace(provider) {
      others.push(provider);
      throw new Error('of a watcher, which does not concern the application');
    },
  });
  assert.deepEqual(others, [second]);
  assert.ok(trace.setGlobalTracerProvider({ getTracer: () => trace.getTracer('none') }));
  assert.deepEqual(others, [second, trace.getTracerProvider()]);
  const of = (symbol: symbol) => (globalThis as unknown as { [key: symbol]: { context: ContextManager } })[symbol];
  assert.deepEqual(Object.keys(of(Symbol.for('opentelemetry.js.api.1'))!), ['version', 'context', 'trace']);
});
