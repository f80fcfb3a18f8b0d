// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { watchResource } from '../../../src/register/resource.ts';

const resource = (name: string) => ({ attributes: { name } });

function watched() {
  const known: unknown[] = [];
  return { known, watch: watchResource(({ name }) => known.push(name)) };
}

describe('the resource of', () => {
  it('a provider that the API is given later', () => {
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

  it('a provider that is there already', () => {
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

  it('a detector that takes its time', async () => {
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
