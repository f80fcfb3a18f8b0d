// SPDX-License-Identifier: Apache-2.0
// With --expose-gc: unreferenced objects are freed, except one with an open ring.
import assert from 'node:assert/strict';
import { calls, loadCounter, mapsInKernel, until } from '../support.ts';

const [dropped, kept] = process.argv.slice(2) as [string, string];
const gc = (globalThis as { gc?: () => void }).gc!;

function dropOne() {
  loadCounter({ name: dropped }).attach();
}

let woken = 0;

function keepOne() {
  const object = loadCounter({ name: kept });
  object.attach();
  object.ringBuffer('ring', () => {
    woken++;
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
calls(7);
await until('the kept one still counts and wakes', () => woken === 1);
process.exit(0); // its ring would keep the process alive forever
