// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Batch, Enricher } from '../../../src/enrich/enricher.ts';
import type { CompactionEvent } from '../../../src/event/event.ts';

/** Stalls of no process in this PID namespace, so that nobody is asked about them. */
function batchOf(traceIds: readonly string[]): Batch {
  const events = traceIds.map((traceId) => ({ traceId, pid: 0, trigger: 'direct' }) as CompactionEvent);
  return {
    events,
    beganNs: events.map(() => 0n),
    programs: events.map(() => ({ startTicks: 0, startStack: 0n, forkedFrom: 0 })),
    attributes: events.map(() => undefined),
    published: [],
  };
}

test('batches that waited for the same answer are delivered in order, and a turn of the event loop has a bounded number', async (t) => {
  const user = { uid: process.getuid!(), gid: process.getgid!() };
  const enricher = new Enricher({ services: false, user, procfs: '/proc', warn: () => {} });
  t.after(() => enricher.close());
  let turn = 0;
  let counting = setImmediate(function count() {
    turn += 1;
    counting = setImmediate(count);
  });
  const delivered: string[] = [];
  const inTurn = new Map<number, number>();
  const batches = Array.from({ length: 12 }, (_, n) => Array.from({ length: 100 }, (_, i) => `${n}-${i}`));
  for (const ids of batches) {
    enricher.enrich(batchOf(ids), (events) => {
      delivered.push(...events.map(({ traceId }) => traceId));
      inTurn.set(turn, (inTurn.get(turn) ?? 0) + events.length);
    });
  }
  await enricher.finish();
  clearImmediate(counting);
  assert.deepEqual(delivered, batches.flat());
  assert.ok(Math.max(...inTurn.values()) <= 300, JSON.stringify([...inTurn]));
});
