// SPDX-License-Identifier: Apache-2.0
/** A Node.js service that handles requests at the same time, in several threads: test/kernel/child/requests.cjs. */
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { COMPACT_NODE0, populatedZones } from '../../harness/host.ts';
import type { CompactionEvent } from '../../src/event/event.ts';
import { Agent } from './agent.ts';
import { JsonProgram } from './json-program.ts';

/** The number of requests in each thread: three of each of the ten ways. */
const REQUESTS = 30;
const THREADS = 3;
/** The most rounds until a stall has a context: the first requests may come before the process is known. */
const ROUNDS = 20;

interface Stall {
  thread: number;
  /** undefined for a stall outside of spans. */
  span?: { traceId: string; spanId: string };
}

const byThread = (events: readonly CompactionEvent[]) => Map.groupBy(events, ({ tid }) => tid);

/** Asserts that each stall is a child of the span that was active. @param file the service, in test/kernel/child */
export async function assertOwnStalls(path: string, flags: readonly string[], file: string) {
  const zones = populatedZones().filter(({ node }) => node === 0).length;
  const agent = await new Agent(['--output', 'json']).attached();
  const script = fileURLToPath(new URL(`../kernel/child/${file}`, import.meta.url));
  const env = { ...process.env, OTEL_SERVICE_NAME: 'requests' };
  const service = new JsonProgram(path, [...flags, script, COMPACT_NODE0], env);
  const own = () => agent.events().filter(({ pid }) => pid === service.pid);
  let before = 0;
  for (let round = 0; !own().some(({ context }) => context); round++) {
    assert.ok(round < ROUNDS, 'no stall has a context');
    before += (await service.ask('1')).length;
    await agent.until(() => own().length >= before * zones);
  }
  const stalls: Stall[] = await service.ask(String(REQUESTS));
  await agent.until(() => own().length >= (before + stalls.length) * zones);
  const { code, stderr } = await agent.stop();
  await service.end();
  assert.equal(code, 0, stderr);

  const events = own();
  assert.equal(events.length, (before + stalls.length) * zones);
  const threads = byThread(events.slice(before * zones));
  assert.equal(threads.size, THREADS);
  const expected = Map.groupBy(stalls, ({ thread }) => thread);
  for (const [tid, events] of threads) {
    const made = expected.get(tid)!;
    // Most requests stall once, those of three ways stall twice or more, and one stall is outside of requests.
    assert.ok(made.length > REQUESTS + REQUESTS / 10);
    assert.equal(events.length, made.length * zones);
    for (const [i, { context, traceId, resource }] of events.entries()) {
      assert.equal(resource?.['service.name'], 'requests');
      const { span } = made[Math.floor(i / zones)]!;
      if (!span) {
        assert.equal(context, undefined, 'in no span');
        continue;
      }
      assert.deepEqual(context, { source: 'nodejs', ...span, flags: 1, relation: 'child' });
      assert.equal(traceId, span.traceId);
    }
  }
}
