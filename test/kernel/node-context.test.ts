// SPDX-License-Identifier: Apache-2.0
// Node.js services whose requests are handled at the same time, in several threads, and stall wherever Node.js comes back to
// them: each stall is a child of its own span.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { CompactionEvent } from '../../src/event.ts';
import { NODES } from '../register/node-versions.ts';
import { Agent, parseLines } from '../support/agent.ts';
import { Answers } from '../support/answers.ts';
import { COMPACT_NODE0, populatedZones } from '../support/host.ts';

/** In each thread; three of each of the ten ways. */
const REQUESTS = 30;
const THREADS = 3;
/** Of the first requests, of which the first ones may come before the process is known. */
const ROUNDS = 20;
const ZONES = populatedZones().filter(({ node }) => node === 0).length;

interface Stall {
  thread: number;
  /** None: the stall was in no span. */
  span?: { traceId: string; spanId: string };
}

const byThread = (events: readonly CompactionEvent[]) => Map.groupBy(events, ({ tid }) => tid);

for (const { major, path, flags } of NODES) {
  describe(`stalls of interleaved requests on Node.js ${major} are children of their own spans`, () => {
    for (const [modules, file] of [
      ['ESM', 'requests.mjs'],
      ['CommonJS', 'requests.cjs'],
    ]) {
      it(modules!, async () => {
        const agent = await new Agent(['--output', 'json']).attached();
        const script = fileURLToPath(new URL(`child/${file}`, import.meta.url));
        const env = { ...process.env, OTEL_SERVICE_NAME: 'requests' };
        const service = new Answers(path, [...flags, script, COMPACT_NODE0], env);
        const own = () => parseLines(agent.stdout.replace(/[^\n]*$/, '')).filter(({ pid }) => pid === service.pid);
        let before = 0;
        for (let round = 0; !own().some(({ context }) => context); round++) {
          assert.ok(round < ROUNDS, 'no stall has a context');
          before += (await service.ask('1')).length;
          await agent.until(() => own().length >= before * ZONES);
        }
        const stalls: Stall[] = await service.ask(String(REQUESTS));
        await agent.until(() => own().length >= (before + stalls.length) * ZONES);
        const { code, stderr } = await agent.stop();
        await service.end();
        assert.equal(code, 0, stderr);

        const events = own();
        assert.equal(events.length, (before + stalls.length) * ZONES);
        const threads = byThread(events.slice(before * ZONES));
        assert.equal(threads.size, THREADS);
        const expected = Map.groupBy(stalls, ({ thread }) => thread);
        for (const [tid, events] of threads) {
          const made = expected.get(tid)!;
          // Most requests stall once, those of three ways twice or more, and one stall is in no request.
          assert.ok(made.length > REQUESTS + REQUESTS / 10);
          assert.equal(events.length, made.length * ZONES);
          for (const [i, { context, traceId, resource }] of events.entries()) {
            assert.equal(resource?.['service.name'], 'requests');
            const { span } = made[Math.floor(i / ZONES)]!;
            if (!span) {
              assert.equal(context, undefined, 'in no span');
              continue;
            }
            assert.deepEqual(context, { source: 'nodejs', ...span, flags: 1, relation: 'child' });
            assert.equal(traceId, span.traceId);
          }
        }
      });
    }
  });
}
