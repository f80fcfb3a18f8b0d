// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { watchResource } from '../../../src/register/sdk-resource.ts';

const resource = (name: string) => ({ attributes: { name } });

function watched() {
  const known: unknown[] = [];
  return { known, watch: watchResource(({ name }) => known.push(name)) };
}

describe('the resource of', () => {
  it('a provider that the API gets later', () => {
    const { known, watch } = watched();
    const proxy = {
      delegate: undefined as unknown,
      getDelegate() {
        return this.delegate ?? {};
      },
      setDelegate(delegate: unknown) {
        this.delegate = delegate;
      },
    };
    watch.ofProvider(proxy);
    assert.deepEqual(known, []);
    const provider = { _resource: resource('3.x') };
    proxy.setDelegate(provider);
    assert.equal(proxy.getDelegate(), provider);
    assert.deepEqual(known, ['3.x']);
  });

  it('a provider that is registered already', () => {
    const { known, watch } = watched();
    watch.ofProvider({ getDelegate: () => ({ resource: resource('1.x') }) });
    watch.ofProvider({ resource: resource('no proxy') });
    assert.deepEqual(known, ['1.x', 'no proxy']);
  });

  it('a span, when no provider shows one', () => {
    const { known, watch } = watched();
    watch.ofProvider({ getDelegate: () => ({}) });
    watch.ofSpan({});
    watch.ofSpan({ resource: resource('first') });
    watch.ofSpan({ resource: resource('second') });
    assert.deepEqual(known, ['first']);
  });

  it('a provider of another kind: none, and the application goes on', async () => {
    const { known, watch } = watched();
    const proxy = { setDelegate: (_: unknown) => {}, getDelegate: () => undefined };
    watch.ofProvider(proxy);
    for (const odd of [null, 1, 'resource', {}, { attributes: null }, { attributes: undefined }]) {
      proxy.setDelegate({ _resource: odd });
      proxy.setDelegate({ resource: odd });
    }
    const pending = { asyncAttributesPending: true, ...resource('no promise') };
    proxy.setDelegate({ resource: { ...pending, waitForAsyncAttributes: () => undefined } });
    const broken = () => {
      throw new Error('broken');
    };
    proxy.setDelegate({ resource: { ...pending, waitForAsyncAttributes: broken } });
    proxy.setDelegate(Object.defineProperty({}, 'resource', { get: broken }));
    proxy.setDelegate({ resource: { ...pending, waitForAsyncAttributes: () => undefined } });
    await new Promise(setImmediate);
    assert.deepEqual(known, ['no promise']);
  });

  it('a failing callback: the application goes on', async () => {
    const watch = watchResource(() => {
      throw new Error('broken');
    });
    watch.ofProvider({ resource: resource('at once') });
    watch.ofProvider({ resource: { asyncAttributesPending: true, ...resource('later') } });
    await new Promise(setImmediate);
  });

  it('a slow detector', async () => {
    const { known, watch } = watched();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const slow = { asyncAttributesPending: true, waitForAsyncAttributes: () => promise };
    watch.ofProvider({ resource: { ...slow, ...resource('outdated') } });
    watch.ofProvider({ resource: { ...slow, ...resource('slow') } });
    assert.deepEqual(known, []);
    void resolve;
    reject(new Error('one of its detectors'));
    await new Promise(setImmediate);
    assert.deepEqual(known, ['slow']);
  });
});
