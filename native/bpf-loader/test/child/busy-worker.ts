// SPDX-License-Identifier: Apache-2.0
// A worker that calls every function in a loop without returning to its event loop, until it is terminated.
import { parentPort, workerData } from 'node:worker_threads';
import { BpfObject, enableRunTimeStats, readClocks } from '../../src/index.ts';
import { calls, loadCounter, testObject } from '../support.ts';

parentPort!.postMessage('ready');
for (;;) {
  const object = loadCounter({ name: workerData.name });
  object.attach();
  const ring = object.ringBuffer('ring', () => {});
  for (let i = 0; i < 7; i++) {
    object.writeVariable('armed', 1);
    calls(31);
    ring.drain(100);
    readClocks();
    object.programStats();
    object.readVariable('counters');
    enableRunTimeStats().close();
    for (const work of [
      () => BpfObject.load({ object: testObject, constants: { nope: 1 }, name: workerData.name }),
      () => object.readVariable('nope'),
    ]) {
      try {
        work();
      } catch (error) {
        if ((error as { code?: string }).code !== 'UNKNOWN_NAME') throw error;
      }
    }
  }
  object.close();
}
