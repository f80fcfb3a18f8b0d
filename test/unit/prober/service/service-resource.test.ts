// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { serviceResource } from '../../../../src/prober/service/service-resource.ts';
import type { AttributeValue } from '../../../../src/protobuf/attribute.ts';

const said = (attributes: Record<string, AttributeValue>) => Object.entries(attributes);
const size = (resource: object) => JSON.stringify(resource).length;

describe('the resource of a process', () => {
  it('the attributes that it publishes, and its container', () => {
    const attributes = { 'service.name': 'shop', 'service.instance.id': 'one', n: 1, list: ['a', 2] };
    const resource = serviceResource(said(attributes), { executable: 'java', container: 'c0ffee' });
    assert.deepEqual(resource, { ...attributes, 'container.id': 'c0ffee' });
  });

  it('its own container attributes beat the cgroup’s', () => {
    const resource = serviceResource(said({ 'container.id': 'mine' }), { executable: 'java', container: 'c0ffee' });
    assert.equal(resource['container.id'], 'mine');
  });

  it('without a valid name: unknown_service with the executable', () => {
    for (const attributes of [{}, { 'service.name': '' }, { 'service.name': ' ' }, { 'service.name': 5 }]) {
      const resource = serviceResource(said({ ...attributes, a: 'b' }), { executable: 'java' });
      assert.deepEqual(resource, { 'service.name': 'unknown_service:java', a: 'b' });
    }
    assert.deepEqual(serviceResource([], {}), { 'service.name': 'unknown_service' });
  });

  it('attributes that distinguish its processes are left to the spans; those of their platform stay', () => {
    const attributes = { 'process.pid': 7, 'process.command_args': ['java'], 'process.executable.name': 'java' };
    const resource = serviceResource(
      said({ 'service.name': 'shop', ...attributes, 'process.runtime.name': 'jvm' }),
      {},
    );
    assert.deepEqual(resource, { 'service.name': 'shop', 'process.runtime.name': 'jvm' });
  });

  it('empty values are left out', () => {
    const resource = serviceResource(said({ 'service.name': 'shop', 'deployment.environment.name': '', zero: 0 }), {});
    assert.deepEqual(resource, { 'service.name': 'shop', zero: 0 });
  });

  it('names with a meaning in JavaScript are ordinary names', () => {
    const resource = serviceResource([['__proto__', 'x']], {});
    assert.equal(Object.getPrototypeOf(resource), Object.prototype);
    assert.deepEqual(JSON.parse(JSON.stringify(resource)), resource);
    assert.deepEqual(Object.keys(resource), ['__proto__', 'service.name']);
  });
});

describe('is bounded', () => {
  const name = { 'service.name': 'shop' };

  it('64 attributes, those of the service first', () => {
    const many = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`a${i}`, i]));
    const resource = serviceResource(said({ ...many, ...name }), {});
    assert.equal(Object.keys(resource).length, 64);
    assert.equal(resource['service.name'], 'shop');
  });

  it('long values are cut; names that are too long are left out', () => {
    const resource = serviceResource(said({ a: 'x'.repeat(5000), b: ['y'.repeat(5000)], ['k'.repeat(300)]: 1 }), {});
    assert.deepEqual(resource, {
      a: 'x'.repeat(1024),
      b: ['y'.repeat(1024)],
      'service.name': 'unknown_service',
    });
  });

  it('a character is not cut in two', () => {
    const resource = serviceResource(said({ a: `${'x'.repeat(1023)}\u{1f4a5}` }), {});
    assert.ok((resource.a as string).isWellFormed());
  });

  it('8 KiB in all', () => {
    const large = Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`a${i}`, 'x'.repeat(1000)]));
    assert.ok(size(serviceResource(said({ ...large, ...name }), {})) < 9000);
    const lists = Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`a${i}`, Array(64).fill('x'.repeat(900))]));
    assert.deepEqual(serviceResource(said({ ...lists, ...name }), {}), name);
  });
});
