// SPDX-License-Identifier: Apache-2.0
// The resources of a recording that was made elsewhere.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { thisHost } from '../../../../src/event/this-host.ts';
import type { ResourceOf } from '../../../../src/sinks/otlp/resources.ts';
import { ResourcesByHost } from '../../../../src/sinks/otlp/resources-by-host.ts';
import { notRecorded } from '../../fixtures.ts';
import { event } from './events.ts';

const OWN = resourceFromAttributes({
  'service.name': 'compactstall',
  'telemetry.sdk.language': 'nodejs',
  'host.name': 'laptop',
  'host.arch': 'arm64',
  'os.version': '7.0',
  'cloud.region': 'eu-1',
});
const NODE = { name: 'node-7', id: 'f00' };
const SHOP = { 'service.name': 'shop', 'host.name': 'pod-1', 'host.id': '' };

const resourcesBy = (wanted: ResourceOf = 'service', env: NodeJS.ProcessEnv = {}) =>
  new ResourcesByHost(wanted, OWN, env, () => assert.fail('too many services'));

describe('an event of another host', () => {
  it('has its name and id, and nothing that the agent knows of its own host', () => {
    const expected = { 'host.name': 'node-7', 'host.id': 'f00' };
    const agent = { 'service.name': 'compactstall', 'telemetry.sdk.language': 'nodejs' };
    const resources = resourcesBy();
    assert.deepEqual(resources.of(event(0, { host: NODE })).attributes, { ...expected, ...agent });
    assert.deepEqual(resources.of(notRecorded({ host: NODE })).attributes, { ...expected, ...agent });
    const { attributes } = resources.of(event(0, { host: NODE, resource: SHOP }));
    assert.deepEqual(attributes, { ...expected, 'service.name': 'shop' });
    const ofHost = resourcesBy('host').of(event(0, { host: NODE, resource: SHOP })).attributes;
    assert.equal(ofHost['service.name'], 'compactstall');
  });

  it('has what the user sets for all of them', () => {
    const env = { OTEL_RESOURCE_ATTRIBUTES: 'host.name=laptop,cloud.region=eu-1' };
    assert.deepEqual(resourcesBy('service', env).of(event(0, { host: NODE, resource: SHOP })).attributes, {
      ...{ 'service.name': 'shop', 'host.name': 'laptop', 'host.id': 'f00', 'cloud.region': 'eu-1' },
    });
  });

  it('says less of its host than a service does, where an agent in a container has guessed it', () => {
    const host = { ...NODE, guessed: ['name' as const] };
    const { attributes } = resourcesBy().of(event(0, { host, resource: SHOP }));
    assert.deepEqual([attributes['host.name'], attributes['host.id']], ['pod-1', 'f00']);
  });

  it('has no empty name', () => {
    const { attributes } = resourcesBy().of(event(0, { host: { name: '', id: 'f00' } }));
    assert.deepEqual([Object.hasOwn(attributes, 'host.name'), attributes['host.id']], [false, 'f00']);
  });

  it('shares its resource with all others of that host', () => {
    const resources = resourcesBy();
    const of = (host: object) => resources.of(event(0, { host: { ...host } }));
    assert.equal(of(NODE), of(NODE));
    assert.notEqual(of(NODE), of({ ...NODE, name: 'node-8' }));
    const long = { name: 'n'.repeat(2000) };
    assert.notEqual(of(long), of(long), 'too long to be kept');
  });
});

it('an event of this host, or that names none, has the agent’s resource', () => {
  const resources = resourcesBy();
  assert.equal(resources.of(event(0)), OWN);
  assert.equal(resources.of(event(0, { host: thisHost({}) })), OWN);
  assert.equal(resources.of(notRecorded()), OWN);
});
