// SPDX-License-Identifier: Apache-2.0
// Reproducibly damaged objects: cut short at regular distances, and with bytes overwritten.
import { BpfError, BpfObject } from '../../src/index.ts';
import { testObject } from '../support.ts';

let state = Number(process.argv[2]);
const rounds = Number(process.argv[3]);
function random(below: number): number {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 2 ** 32) * below);
}

const outcomes: Record<string, number> = {};
function attempt(object: Uint8Array): void {
  let outcome = 'loaded';
  try {
    BpfObject.load({ object, programs: ['by_btf'], constants: { a_byte: 1 }, mapSizes: { ring: 8192 } }).close();
  } catch (error) {
    if (!(error instanceof BpfError)) throw error;
    outcome = error.code;
  }
  outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
}

for (let length = 1; length < testObject.length; length += 97) attempt(testObject.subarray(0, length));
for (let i = 0; i < rounds; i++) {
  const damaged = Uint8Array.from(testObject);
  for (let n = 1 + random(8); n > 0; n--) damaged[random(damaged.length)] = random(256);
  attempt(damaged);
}
console.log(JSON.stringify(outcomes));
