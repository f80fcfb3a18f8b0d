// SPDX-License-Identifier: Apache-2.0
// Thread contexts with a library that only records calls; test/register uses the real one.
import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { it } from 'node:test';
import { type Context, type ContextManager, ROOT_CONTEXT, type Span, trace } from '@opentelemetry/api';
import { followContexts } from '../../../src/register/context-manager.ts';
import { ThreadContexts } from '../../../src/register/thread-context.ts';

const IDS = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', traceFlags: 1 };
const withSpan = (ids: Partial<typeof IDS> = {}) => trace.setSpanContext(ROOT_CONTEXT, { ...IDS, ...ids });

function fakes() {
  const storage = new AsyncLocalStorage<Record | undefined>();
  let made = 0;
  class Record {
    readonly text: string;
    constructor(traceId: Uint8Array, spanId: Uint8Array, flags: number) {
      this.text = [Buffer.from(traceId).toString('hex'), Buffer.from(spanId).toString('hex'), flags].join(' ');
      made++;
    }
    run = <T>(call: () => T) => storage.run(this, call);
    enter = () => storage.enterWith(this);
  }
  const threads = new ThreadContexts({
    ThreadContext: Record,
    getContext: () => storage.getStore(),
    clearContext: () => storage.enterWith(undefined),
    getProcessContextAttributes: () => ({}),
  });
  return { threads, now: () => storage.getStore()?.text, made: () => made };
}

it('has one record for each span', () => {
  const { threads, now, made } = fakes();
  const context = withSpan();
  const spans: Span[] = [];
  threads.onNewSpan = (span) => spans.push(span);
  for (let i = 0; i < 3; i++) {
    threads.within(context, () => {
      assert.equal(now(), `${IDS.traceId} ${IDS.spanId} 1`);
      threads.within(context.setValue(Symbol('other'), i), () => assert.equal(now(), `${IDS.traceId} ${IDS.spanId} 1`));
    });
    assert.equal(now(), undefined);
  }
  assert.equal(made(), 1);
  assert.deepEqual(spans, [trace.getSpan(context)]);
});

it('has none for invalid ids', () => {
  const { threads, now, made } = fakes();
  const bad = [
    { spanId: '0000000000000000' },
    { traceId: '0'.repeat(32) },
    { traceId: '' },
    { traceId: `${IDS.traceId.slice(2)}zz` },
    { spanId: 'b7ad' },
    { spanId: undefined as unknown as string },
  ];
  threads.within(withSpan(), () => {
    for (const ids of bad) threads.within(withSpan(ids), () => assert.equal(now(), undefined, JSON.stringify(ids)));
    assert.notEqual(now(), undefined);
  });
  assert.equal(made(), 1);
});

it('lets the application go on with a span that throws, or an invalid context', () => {
  const { threads } = fakes();
  const thrower = trace.setSpan(ROOT_CONTEXT, {
    spanContext: () => {
      throw new Error('no');
    },
  } as unknown as Span);
  for (const context of [thrower, undefined as unknown as Context])
    assert.equal(
      threads.within(context, () => 7),
      7,
    );
});

it('restores when the application throws', () => {
  const { threads, now } = fakes();
  threads.within(withSpan(), () => {
    const before = now();
    for (const context of [withSpan({ spanId: '1111111111111111' }), ROOT_CONTEXT]) {
      assert.throws(
        () =>
          threads.within(context, () => {
            throw new Error('expected');
          }),
        /expected/,
      );
      assert.equal(now(), before);
    }
  });
});

it('follows a manager once, and passes its arguments on', () => {
  const { threads, now } = fakes();
  const calls: unknown[][] = [];
  const manager = {
    with(this: unknown, ...given: unknown[]) {
      calls.push([this, ...given]);
      return now();
    },
  };
  const original = manager.with;
  followContexts(manager, threads);
  const wrapped = manager.with;
  followContexts(manager, threads);
  assert.equal(manager.with, wrapped);
  assert.notEqual(wrapped, original);
  const context = withSpan();
  const call = () => {};
  assert.equal((manager as unknown as ContextManager).with(context, call, undefined), `${IDS.traceId} ${IDS.spanId} 1`);
  assert.deepEqual(calls, [[manager, context, call, undefined]]);
  for (const value of [undefined, null, {}, 7]) followContexts(value, threads);
});
