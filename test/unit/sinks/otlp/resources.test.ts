// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { hostname } from 'node:os';
import { describe, it, test } from 'node:test';
import { resourceFromAttributes } from '@opentelemetry/resources';
import type { ResourceAttributes } from '../../../../src/protobuf/attribute.ts';
import { IDLE_S, MAX_CONTENT, MAX_RESOURCES, Resources } from '../../../../src/sinks/otlp/resources.ts';
import { event } from './events.ts';
import { startGrpcServer } from './grpc-server.ts';
import { LONG, sinkTo } from './sink-to.ts';

const HOST = resourceFromAttributes({
  'service.name': 'compactstall',
  'service.instance.id': 'agent',
  'telemetry.sdk.language': 'nodejs',
  'host.name': 'node-7',
  'os.type': 'linux',
  'cloud.region': 'eu-1',
  'k8s.node.name': 'seven',
  'deployment.environment.name': 'of-the-agent',
});

function setUp(guessed: readonly string[] = []) {
  let tooMany = 0;
  const resources = new Resources(
    HOST,
    () => {
      tooMany++;
    },
    guessed,
  );
  const of = (resource?: ResourceAttributes, atS = 1_795_441_812) =>
    resources.of(event(0, { startUnixNano: `${atS}325118373`, ...(resource && { resource }) }));
  return { of, tooMany: () => tooMany };
}

describe('the resource of an event', () => {
  it('has the attributes of the service, and of the host only those about the host', () => {
    const { of } = setUp();
    assert.deepEqual(of({ 'service.name': 'shop', a: ['b', 'c'] }).attributes, {
      'service.name': 'shop',
      a: ['b', 'c'],
      'host.name': 'node-7',
      'os.type': 'linux',
      'cloud.region': 'eu-1',
      'k8s.node.name': 'seven',
    });
  });

  it('the host’s attributes beat those of a container; a service may know better where it runs', () => {
    const { of } = setUp();
    const { attributes } = of({ 'service.name': 'shop', 'host.name': 'pod-1', 'cloud.region': 'eu-1a' });
    assert.equal(attributes['host.name'], 'node-7');
    assert.equal(attributes['cloud.region'], 'eu-1a');
  });

  it('what a service says of its host stands where the agent only guesses', () => {
    const { of } = setUp(['host.name', 'host.id']);
    const said = of({ 'service.name': 'shop', 'host.name': 'node-9', 'host.id': 'f00', 'os.type': 'plan9' }).attributes;
    assert.deepEqual([said['host.name'], said['host.id'], said['os.type']], ['node-9', 'f00', 'linux']);
    assert.equal(of({ 'service.name': 'shop' }).attributes['host.name'], 'node-7');
  });

  it('has no empty values, which also hide nothing', () => {
    const { of } = setUp(['host.name']);
    const { attributes } = of({ 'service.name': 'shop', a: '', 'host.name': '', 'cloud.region': '' });
    assert.equal(attributes['host.name'], 'node-7');
    assert.equal(attributes['cloud.region'], 'eu-1');
    assert.ok(!('a' in attributes));
  });

  it('is the host’s for an unknown process', () => assert.equal(setUp().of(), HOST));

  it('is one object for one content, in whatever order and of whichever process', () => {
    const { of } = setUp();
    const first = of({ 'service.name': 'shop', a: 'b' });
    assert.equal(of({ a: 'b', 'service.name': 'shop' }), first);
    assert.notEqual(of({ 'service.name': 'shop', a: 'c' }), first);
    assert.notEqual(of({ 'service.name': 'shop', a: ['b'] }), first);
    assert.equal(of({ 'service.name': 'shop', a: 'b' }), first);
  });
});

it('that no agent has recorded, as it is so large, is not kept', () => {
  const { of, tooMany } = setUp();
  const large = (n: number) => ({ 'service.name': `s${n}`, a: 'x'.repeat(MAX_CONTENT) });
  assert.notEqual(of(large(0)), of(large(0)));
  for (let n = 0; n <= MAX_RESOURCES; n++) assert.equal(of(large(n)).attributes['service.name'], `s${n}`);
  assert.equal(tooMany(), 0);
  assert.equal(of({ a: 'x'.repeat(1000) }), of({ a: 'x'.repeat(1000) }));
});

describe('services beyond the bound', () => {
  const NOW = 1_795_441_812;
  const service = (n: number) => ({ 'service.name': `s${n}` });

  it('have the host’s resource, which is reported; the others keep theirs', () => {
    const { of, tooMany } = setUp();
    for (let n = 0; n < MAX_RESOURCES; n++) assert.notEqual(of(service(n), NOW), HOST);
    assert.equal(tooMany(), 0);
    assert.equal(of(service(MAX_RESOURCES), NOW + IDLE_S - 1), HOST);
    assert.equal(tooMany(), 1);
    assert.equal(of(service(0), NOW).attributes['service.name'], 's0');
  });

  it('take the place of one that has not stalled for long', () => {
    const { of, tooMany } = setUp();
    for (let n = 0; n < MAX_RESOURCES; n++) of(service(n), NOW);
    const kept = of(service(0), NOW + 300);
    assert.equal(of(service(-1), NOW + IDLE_S).attributes['service.name'], 's-1');
    assert.equal(of(service(0), NOW + IDLE_S), kept, 'it stalled in between');
    assert.equal(tooMany(), 0);
  });
});

test('a request has one ResourceSpans for each service', async (t) => {
  const server = await startGrpcServer(t);
  const { sink } = await sinkTo(server.port);
  const resources = [{ 'service.name': 'shop' }, { 'service.name': 'till' }, undefined];
  const all = Array.from({ length: 30 }, (_, n) => {
    const resource = resources[n % 3];
    return event(n, resource && { resource: { ...resource } });
  });
  sink.write(all);
  await sink.close(LONG);
  assert.equal(server.spans.length, 30);
  const byResource = Map.groupBy(server.spans, ({ resource }) => resource);
  assert.deepEqual(
    [...byResource].map(([resource, spans]) => [resource['service.name']?.value, spans.length]),
    ['shop', 'till', 'compactstall'].map((name) => [name, 10]),
  );
  for (const { resource } of server.spans) assert.equal(resource['host.name']?.value, hostname());
});

test('resource: host puts all spans under the agent’s resource', async (t) => {
  const server = await startGrpcServer(t);
  const { sink } = await sinkTo(server.port, { OTEL_SERVICE_NAME: 'node-7' }, { resource: 'host' });
  sink.write([event(0, { resource: { 'service.name': 'shop' } }), event(1)]);
  await sink.close(LONG);
  assert.deepEqual(
    server.spans.map(({ resource }) => resource['service.name']?.value),
    ['node-7', 'node-7'],
  );
});

test('too many services: reported once', async (t) => {
  const server = await startGrpcServer(t);
  const { sink, said } = await sinkTo(server.port);
  sink.write(Array.from({ length: MAX_RESOURCES + 5 }, (_, n) => event(n, { resource: { 'service.name': `s${n}` } })));
  await sink.close(LONG);
  assert.equal(server.spans.length, MAX_RESOURCES + 5);
  assert.equal(server.spans.filter(({ resource }) => resource['service.name']?.value === 'compactstall').length, 5);
  assert.deepEqual(said, [
    "more than 1000 services stalled within 10 minutes; spans of further services have the host's resource.",
  ]);
});
