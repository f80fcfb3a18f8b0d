// SPDX-License-Identifier: Apache-2.0
// Runs under a profiler, which sends this thread signals all the time: loads and attaches the test object several times.
import { loadCounter } from '../support.ts';

for (let i = 0; i < 10; i++) {
  const object = loadCounter();
  object.attach();
  object.close();
}
console.log('loaded');
