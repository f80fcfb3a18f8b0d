// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CgroupNames } from '../../../src/metrics/cgroup-names.ts';
import { event } from '../sinks/otlp/events.ts';

const { container: _, ...bare } = event();
const stall = (cgroupId: string, service?: string, container?: string) => ({
  ...bare,
  cgroupId,
  ...(service !== undefined && { resource: { 'service.name': service } }),
  ...(container !== undefined && { container }),
});

test('a cgroup has the container and the service of its recorded direct compactions', () => {
  const names = new CgroupNames();
  assert.deepEqual(names.of('1'), {});
  names.add([stall('1'), stall('1', 'unknown_service:bash'), stall('2', 'checkout', '4a1f6f2b9c0d')]);
  assert.deepEqual(names.of('1'), {});
  assert.deepEqual(names.of('2'), { container: '4a1f6f2b9c0d', service: 'checkout' });
  names.add([stall('1', 'cart'), { ...stall('3', 'cart'), trigger: 'manual' }]);
  assert.deepEqual(names.of('1'), { service: 'cart' });
  // Only direct ones are counted by cgroup.
  assert.deepEqual(names.of('3'), {});
});

test('of several services none names the cgroup, whichever comes later', () => {
  const names = new CgroupNames();
  names.add([stall('1', 'cart'), stall('1', 'checkout'), stall('1', 'cart')]);
  assert.deepEqual(names.of('1'), {});
});

test('it holds as many cgroups as the kernel counts', () => {
  const names = new CgroupNames();
  names.add(Array.from({ length: 5000 }, (_, n) => stall(String(n), 'cart')));
  assert.deepEqual(names.of('4095'), { service: 'cart' });
  assert.deepEqual(names.of('4096'), {});
});
