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

function fakes(stored?: object) {
  let storage = stored as AsyncLocalStorage<FakeRecord> | undefined;
  let made = 0;
  const warnings: string[] = [];
  class FakeRecord {
    readonly text: string;
    constructor(traceId: Uint8Array, spanId: Uint8Array, flags: number) {
      this.text = [Buffer.from(traceId).toString('hex'), Buffer.from(spanId).toString('hex'), flags].join(' ');
      made++;
    }
  }
  const hashes = new Map<object, number>();
  const store = (now: object) => {
    hashes.set(now, hashes.get(now) ?? hashes.size + 1);
    storage = now as AsyncLocalStorage<FakeRecord>;
  };
  if (stored !== undefined) store(stored);
  const library = {
    ThreadContext: FakeRecord,
    getProcessContextAttributes: () => ({}),
    otelThreadCtxStoreAls: store,
    otelThreadCtxGetStoredAlsHash: () => (storage === undefined ? 0 : hashes.get(storage)!),
  };
  const threads = new ThreadContexts(library, (what) => warnings.push(what));
  if (stored === undefined) threads.publish();
  return { threads, store, warnings, now: () => storage?.getStore()?.text, made: () => made };
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

it('reports the first span once', () => {
  const { threads } = fakes();
  let first = 0;
  threads.onFirstSpan = () => first++;
  threads.within(ROOT_CONTEXT, () => assert.equal(first, 0));
  for (let i = 0; i < 3; i++) threads.within(withSpan(), () => assert.equal(first, 1));
});

it("leaves nothing of it to be seen in the application's objects", () => {
  const { threads } = fakes();
  const spanContext = Object.freeze({ ...IDS });
  const context = trace.setSpanContext(ROOT_CONTEXT, spanContext);
  threads.within(context, () => {});
  assert.deepStrictEqual(Reflect.ownKeys(spanContext), Object.keys(IDS));
  assert.deepStrictEqual({ ...spanContext }, IDS);
});

it('has the ids of a copy with other ids', () => {
  const { threads, now } = fakes();
  const spanContext = { ...IDS };
  threads.within(trace.setSpanContext(ROOT_CONTEXT, spanContext), () => {});
  const copy = { ...spanContext, spanId: '1111111111111111' };
  threads.within(trace.setSpanContext(ROOT_CONTEXT, copy), () =>
    assert.equal(now(), `${IDS.traceId} ${copy.spanId} 1`),
  );
});

it('leaves the place to a library that has it', () => {
  const { threads, warnings, now } = fakes(new AsyncLocalStorage());
  const manager = { with: (_: Context, call: () => unknown) => call() };
  const original = manager.with;
  followContexts(manager, threads);
  assert.equal(manager.with, original);
  manager.with(withSpan(), () => assert.equal(now(), undefined));
  assert.equal(warnings.length, 1);
  assert.match(warnings[0]!, /another library, such as dd-trace/);
});

it('notices a library that takes the place', () => {
  const { threads, store, warnings } = fakes();
  assert.equal(threads.isOurs(), true);
  assert.deepEqual(warnings, []);
  store(new AsyncLocalStorage());
  assert.equal(threads.isOurs(), false);
  assert.equal(warnings.length, 1);
});

it('has none for invalid ids', () => {
  const { threads, now, made } = fakes();
  const bad = [
    { spanId: '0000000000000000' },
    { traceId: '0'.repeat(32) },
    { traceId: '' },
    { traceId: `${IDS.traceId.slice(2)}zz` },
    { spanId: 'b7ad' },
    { spanId: `${IDS.spanId}00` },
    { spanId: 'b7ad6b716920333\u0131' },
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
