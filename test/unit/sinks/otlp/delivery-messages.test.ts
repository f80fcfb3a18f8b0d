// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { DeliveryMessages } from '../../../../src/sinks/otlp/delivery-messages.ts';

it('a disk that fails again and again: at most one report a minute, and the last word is true', (t) => {
  t.mock.timers.enable({ apis: ['Date'] });
  const began = Date.now();
  const said: string[] = [];
  const second = () => (Date.now() - began) / 1000;
  const messages = new DeliveryMessages('http://collector:4317', ({ code }) => said.push(`${second()} s: ${code}`));
  for (const { from, to } of [
    { from: 0, to: 10 },
    { from: 20, to: 30 },
    { from: 61, to: 62 },
    { from: 65, to: 66 },
  ]) {
    t.mock.timers.tick(from * 1000 - (Date.now() - began));
    messages.spoolFailing('/var/spool', 'No space left on device');
    t.mock.timers.tick((to - from) * 1000);
    messages.spoolWorks('/var/spool');
  }
  assert.deepEqual(said, ['0 s: spool_failing', '10 s: spool_works', '61 s: spool_failing', '62 s: spool_works']);
});
