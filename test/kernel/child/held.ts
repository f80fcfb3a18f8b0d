// SPDX-License-Identifier: Apache-2.0
// Passes on many stalls while the prober does not start, then prints the number held at once, as JSON. Run by
// ../prober.test.ts, which replaces the built prober.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Enricher } from '../../../src/enrich/enricher.ts';
import type { CompactionEvent } from '../../../src/event/event.ts';
import { recordedBatch, recordedDecoder } from '../../unit/recorded-kernel.ts';

const EVENTS = 100_000;

const warnings: string[] = [];
const user = { uid: process.getuid!(), gid: process.getgid!() };
const enricher = new Enricher({ services: true, user, procfs: '/proc', warn: ({ text }) => warnings.push(text) });
const decoder = recordedDecoder();
let told = 0;
let delivered = 0;
let mostHeld = 0;
const deliver = (events: readonly CompactionEvent[]) => {
  delivered += events.length;
};
while (told < EVENTS) {
  const batch = decoder.decode(recordedBatch());
  told += batch.events.length;
  enricher.enrich(batch, deliver);
  await nextTurn();
  mostHeld = Math.max(mostHeld, told - delivered);
}
await enricher.finish(0);
await enricher.close();
console.log(JSON.stringify({ told, delivered, mostHeld, warnings }));
