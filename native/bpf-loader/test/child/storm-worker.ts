// SPDX-License-Identifier: Apache-2.0
// A worker that never stops: each wake-up makes the next, and it loads and fails to load in between.
import { parentPort, workerData } from 'node:worker_threads';
import { BpfObject } from '../../src/index.ts';
import { calls, counters, loadCounter, testObject } from '../support.ts';

const object = loadCounter({ name: workerData.name });
object.attach();
let rounds = 0;
const ring = object.ringBuffer('ring', () => {
  while (ring.drain(64) !== null);
  rounds++;
  if (rounds === workerData.rounds) {
    parentPort!.postMessage(counters(object));
    if (workerData.close) return object.close();
  }
  if (workerData.fail) {
    try {
      BpfObject.load({ object: testObject, programs: ['invalid'], name: workerData.name });
    } catch (error) {
      if ((error as { code?: string }).code !== 'LOAD_FAILED') throw error;
      if (!(error as { log: string }).log.includes('map_value_or_null')) throw error;
    }
  }
  object.writeVariable('armed', 1);
  calls(5);
});
object.writeVariable('armed', 1);
calls(5);
