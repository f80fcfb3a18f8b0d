// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { BpfObject } from '../src/index.ts';
import {
  calls,
  loadCounter,
  mapsInKernel,
  openDescriptors,
  runChild,
  testObject,
  uniqueName,
  until,
} from './support.ts';

test('load, attach, read and close leave nothing, 50 times', async () => {
  const name = uniqueName();
  const cycle = () => {
    const object = loadCounter({ name, programs: ['by_btf', 'by_raw'] });
    object.attach();
    const ring = object.ringBuffer('ring', () => {});
    calls(3);
    assert.ok(ring.drain());
    object.close();
  };
  cycle();
  const threads = readdirSync('/proc/self/task').length;
  const descriptors = openDescriptors().sort();
  for (let i = 0; i < 50; i++) cycle();
  assert.deepEqual(openDescriptors().sort(), descriptors);
  assert.equal(readdirSync('/proc/self/task').length, threads);
  await until('the kernel freed them', () => mapsInKernel(name) === 0);
});

test('failures leave nothing either', async () => {
  const name = uniqueName();
  const failures = () => {
    assert.throws(() => BpfObject.load({ object: testObject, name, programs: ['by_btf', 'invalid'] }));
    assert.throws(() => BpfObject.load({ object: testObject, name, constants: { nope: 1 } }));
    assert.throws(() => BpfObject.load({ object: testObject.subarray(0, 3000), name }));
    const object = BpfObject.load({ object: testObject, name, programs: ['by_btf', 'nowhere'] });
    assert.throws(() => object.attach());
    assert.throws(() => object.ringBuffer('table', () => {}));
    object.close();
  };
  failures();
  const descriptors = openDescriptors().sort();
  for (let i = 0; i < 23; i++) failures();
  assert.deepEqual(openDescriptors().sort(), descriptors);
  await until('the kernel freed them', () => mapsInKernel(name) === 0);
});

for (const [how, status] of [
  ['exit', 0],
  ['unref', 0],
  ['close', 0],
  ['throw', 1],
] as const) {
  test(`a process that leaves by ${how} with everything open`, async () => {
    const name = uniqueName();
    const child = runChild('exit', [how, name]);
    assert.equal(child.signal, null, child.stderr);
    assert.equal(child.status, status, child.stderr);
    if (how === 'throw') assert.match(child.stderr, /Error: thrown in onReadable\n +at/);
    else assert.equal(child.stderr, '');
    await until('the kernel freed them', () => mapsInKernel(name) === 0);
  });
}

test('an exception of onReadable is an ordinary uncaughtException', () => {
  const child = runChild('exit', ['caught', uniqueName()]);
  assert.equal(child.stdout, 'caught: thrown in onReadable\n');
  assert.equal(child.stderr, '');
  assert.equal(child.status, 0);
});

test('without the privileges reading goes on, and loading reports what is missing', () => {
  const child = runChild('unprivileged');
  assert.equal(child.signal, null);
  assert.equal(child.stderr, '');
  assert.equal(child.status, 0);
  const [load, stats] = child.stdout.split('\n');
  assert.match(load!, /^LOAD_FAILED EPERM /);
  assert.match(stats!, /^STATS_FAILED EPERM .*CAP_SYS_ADMIN/);
});

test('garbage collection frees unreferenced objects, and nothing else', () => {
  const child = runChild('garbage-collected', [uniqueName(), uniqueName()], ['--expose-gc']);
  assert.equal(child.stderr, '');
  assert.equal(child.status, 0);
});

test('damaged objects are refused or loaded, but never crash', () => {
  for (const seed of [1, 2, 3]) {
    const child = runChild('garbage', [`${seed}`, '400']);
    assert.equal(child.signal, null);
    assert.equal(child.stderr, '');
    assert.ok(JSON.parse(child.stdout).OPEN_FAILED > 100, child.stdout);
  }
});
