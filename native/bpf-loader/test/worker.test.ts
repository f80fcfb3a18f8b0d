// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { calls, counters, loadCounter, mapsInKernel, openDescriptors, uniqueName, until } from './support.ts';

function start(data: { name: string; rounds: number; fail?: boolean; close?: boolean }): Worker {
  return new Worker(new URL('./child/storm-worker.ts', import.meta.url), { workerData: data });
}

test('a worker loads, reads and closes by itself, beside the main thread', async () => {
  const name = uniqueName();
  const object = loadCounter({ name });
  object.attach();
  const workers = [1, 2, 3].map(() => start({ name, rounds: 53, close: true }));
  const ended = workers.map((worker) => once(worker, 'exit'));
  const results = workers.map((worker) => once(worker, 'message'));
  calls(307);
  for (const [result] of await Promise.all(results)) {
    assert.deepEqual(result, { calls: 265, sent: 265, ringFull: 0, wakeUps: 53 });
  }
  for (const [code] of await Promise.all(ended)) assert.equal(code, 0);
  assert.equal(counters(object).calls, 307, 'each thread counted its own');
  object.close();
  await until('the kernel freed them', () => mapsInKernel(name) === 0);
});

test('repeated terminate() in the middle of a storm', async () => {
  const name = uniqueName();
  const descriptors = openDescriptors().filter((target) => target.includes('bpf')).length;
  for (let i = 0; i < 23; i++) {
    const workers = [start({ name, rounds: 1 + (i % 5) }), start({ name, rounds: 1 + (i % 3), fail: i % 2 === 0 })];
    await Promise.all(workers.map((worker) => once(worker, 'message')));
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
  await until('the kernel freed them', () => mapsInKernel(name) === 0);
  assert.equal(openDescriptors().filter((target) => target.includes('bpf')).length, descriptors);
});

test('terminate() in the middle of any call', async () => {
  const name = uniqueName();
  for (let i = 0; i < 37; i++) {
    const worker = new Worker(new URL('./child/busy-worker.ts', import.meta.url), { workerData: { name } });
    worker.on('error', (error) => assert.fail(error));
    await once(worker, 'message');
    await sleep(i);
    await worker.terminate();
  }
  await until('the kernel freed them', () => mapsInKernel(name) === 0);
});

test('two threads fail at once: each gets its own log', async () => {
  const name = uniqueName();
  const workers = [1, 2].map(() => start({ name, rounds: 29, fail: true, close: true }));
  const ended = workers.map((worker) => once(worker, 'exit'));
  for (const [code] of await Promise.all(ended)) assert.equal(code, 0);
});
