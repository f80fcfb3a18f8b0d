// SPDX-License-Identifier: Apache-2.0
// Tells of many stalls while the inspector does not start, then prints how many were held at once, as JSON. Run by
// ../inspector.test.ts, which replaces the built inspector.
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { CompactionEvent } from '../../../src/event.ts';
import { recordedBatch, recordedDecoder } from '../../unit/support-kernel.ts';

const EVENTS = 100_000;
const DIST = new URL('../../../dist/', import.meta.url).href;
const { Inspector }: typeof import('../../../src/inspector/inspector.ts') = await import(
  `${DIST}inspector/inspector.js`
);
const { Victims }: typeof import('../../../src/victim/victims.ts') = await import(`${DIST}victim/victims.js`);

const warnings: string[] = [];
const user = { uid: process.getuid!(), gid: process.getgid!() };
const inspector = new Inspector({ services: true, user, warn: (sentence) => warnings.push(sentence) });
const victims = new Victims(inspector);
const decoder = recordedDecoder();
let told = 0;
let delivered = 0;
let mostHeld = 0;
const deliver = (events: readonly CompactionEvent[]) => {
  delivered += events.length;
};
while (told < EVENTS) {
  const { events, beganNs } = decoder.decode(recordedBatch());
  told += events.length;
  victims.tell(events, beganNs, deliver);
  await nextTurn();
  mostHeld = Math.max(mostHeld, told - delivered);
}
inspector.leaveUnanswered();
await victims.told();
await inspector.close();
console.log(JSON.stringify({ told, delivered, mostHeld, warnings }));
