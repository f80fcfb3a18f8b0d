// SPDX-License-Identifier: Apache-2.0
// With --expose-gc: objects that nobody holds are freed; one with an open ring is not.
import assert from 'node:assert/strict';
import { calls, counters, loadCounter, mapsInKernel, until } from '../support.ts';

const [dropped, kept] = process.argv.slice(2) as [string, string];
const gc = (globalThis as { gc?: () => void }).gc!;

function dropOne() {
  loadCounter({ name: dropped }).attach();
}

function keepOne() {
  const object = loadCounter({ name: kept });
  object.attach();
  const ring = object.ringBuffer('ring', () => {
    while (ring.drain() !== null);
    if (counters(object).calls >= 70) object.close();
    else {
      object.writeVariable('armed', 1);
      setImmediate(() => calls(7));
    }
  });
  object.writeVariable('armed', 1);
}

for (let i = 0; i < 5; i++) dropOne();
keepOne();
assert.equal(mapsInKernel(dropped), 5);
await until('dropped objects are freed', () => {
  gc();
  return mapsInKernel(dropped) === 0;
});
assert.equal(mapsInKernel(kept), 1);
calls(7); // starts the ring's chain of wake-ups, which ends with close()
