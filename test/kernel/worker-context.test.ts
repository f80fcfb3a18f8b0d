// SPDX-License-Identifier: Apache-2.0
// A thread of the kernel in a process, made by io_uring, has the thread pointer of the thread that it was made for. Its stalls
// are still roots: the thread that it works for may be in another span by then.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { COMPACT_NODE0, populatedZones } from '../../harness/host.ts';
import { Agent } from '../support/agent.ts';
import { assertNothingLost } from '../support/books.ts';
import { CommandedProgram } from '../support/commanded-program.ts';
import { contextOf } from '../support/stalls.ts';

const STALLS = 23;
const ZONES = populatedZones().filter(({ node }) => node === 0).length;
const PROGRAM = fileURLToPath(new URL('../../harness/programs/stalls/build/worker', import.meta.url));
/** Before 5.12 it is a separate process of the kernel. */
const WORKER = /^(iou-wrk-|io_wqe_worker)/;

it('a stall of an io_uring worker is a root; a stall of the thread that waits for it is a child', async () => {
  assert.ok(existsSync(PROGRAM), 'worker has not been built');
  const agent = await new Agent(['--output', 'json', '--verify'], { books: true }).attached();
  const program = new CommandedProgram(PROGRAM, [COMPACT_NODE0]);
  const own = () => agent.events().filter(({ tid }) => tid === program.pid);
  const workers = () => agent.events().filter(({ comm }) => WORKER.test(comm));
  const complete = (stalls: number) => own().length === stalls * ZONES && workers().length === stalls * ZONES;
  let before = 0;
  do {
    await sleep(100);
    await program.tell('1');
    before += 1;
    await agent.until(() => complete(before));
  } while (!own().at(-1)!.context);
  await program.tell(`${STALLS}`);
  await agent.until(() => complete(before + STALLS));
  await program.end();
  assertNothingLost(await agent.stop());
  for (const { tid, context } of workers()) {
    assert.notEqual(tid, program.pid);
    assert.equal(context, undefined);
  }
  for (const [i, { context }] of own()
    .slice(before * ZONES)
    .entries()) {
    assert.deepEqual(context, contextOf(program.pid, before + Math.floor(i / ZONES) + 1));
  }
});
