// SPDX-License-Identifier: Apache-2.0
// Exits with everything open, during a storm of wake-ups, in the way that the first argument names.
import { enableRunTimeStats } from '../../src/index.ts';
import { calls, loadCounter } from '../support.ts';

const [how, name] = process.argv.slice(2);
const object = loadCounter({ name: name! });
object.attach();
enableRunTimeStats();
let called = 0;
const ring = object.ringBuffer('ring', () => {
  while (ring.drain() !== null);
  object.writeVariable('armed', 1);
  calls(3);
  called++;
  if (called < 101) return;
  if (how === 'exit') process.exit(0);
  if (how === 'throw') throw new Error('thrown in onReadable');
  if (how === 'unref') ring.unref();
  if (how === 'close') object.close();
});
if (how === 'caught') {
  process.on('uncaughtException', (error) => {
    console.log(`caught: ${error.message}`);
    object.close();
  });
  ring.close();
  const throwing = object.ringBuffer('ring', () => {
    throw new Error('thrown in onReadable');
  });
  throwing.ref();
}
object.writeVariable('armed', 1);
calls(3);
