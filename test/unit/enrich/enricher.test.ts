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

test('batches that waited for the same answer are delivered in order, each in a turn of the event loop of its own', async (t) => {
  const user = { uid: process.getuid!(), gid: process.getgid!() };
  const enricher = new Enricher({ services: false, user, procfs: '/proc', warn: () => {} });
  t.after(() => enricher.close());
  let turn = 0;
  let counting = setImmediate(function count() {
    turn += 1;
    counting = setImmediate(count);
  });
  const delivered: { ids: string[]; turn: number }[] = [];
  for (const ids of [['a', 'b'], ['c'], ['d', 'e']]) {
    enricher.enrich(batchOf(ids), (events) => delivered.push({ ids: events.map(({ traceId }) => traceId), turn }));
  }
  await enricher.finish();
  clearImmediate(counting);
  assert.deepEqual(
    delivered.map(({ ids }) => ids),
    [['a', 'b'], ['c'], ['d', 'e']],
  );
  assert.equal(new Set(delivered.map((one) => one.turn)).size, 3, JSON.stringify(delivered));
});
