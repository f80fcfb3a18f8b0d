// SPDX-License-Identifier: Apache-2.0
// Who is looked at, in which turn, and what the BPF programs are told; with an prober that answers as it is told.
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BpfObject } from 'bpf-loader-native';
import { ContextRegistry } from '../../../src/enrich/context-registry.ts';
import type { ProberClient } from '../../../src/enrich/prober-client.ts';
import type { Located } from '../../../src/prober/thread-context/record.ts';
import { fakeProc } from '../prober/service/proc.ts';

/** No process has such pids. */
const FIRST = 5_000_000;
const [A, B, C, D, E] = Array.from({ length: 5 }, (_, i) => FIRST + i) as [number, number, number, number, number];
/** By these a row of looks is full, and more. */
const MANY = Array.from({ length: 30 }, (_, i) => FIRST + 1000 + i);

function setUp(t: TestContext, options?: { places?: number; proc?: string }) {
  const answers = new Map<number, Located>();
  const lookedAt: number[] = [];
  const told: string[] = [];
  let meanwhile = () => {};
  const pid = (key: Buffer) => key.readUInt32LE();
  const prober = {
    contexts: async (pid: number) => {
      lookedAt.push(pid);
      meanwhile();
      return answers.get(pid);
    },
    published: () => {},
  };
  const object = {
    updateMap: (map: string, key: Buffer, value: Buffer) => told.push(`${map} ${pid(key)} = ${value}`),
    deleteFromMap: (map: string, key: Buffer) => told.push(`${map} ${pid(key)} deleted`),
  };
  const publishers = new ContextRegistry(object as unknown as BpfObject, prober as unknown as ProberClient, options);
  t.after(() => publishers.close());
  return {
    publishers,
    lookedAt,
    told,
    onLook: (work: () => void) => {
      meanwhile = work;
    },
    answer: (pid: number, located: Located | undefined) => (located ? answers.set(pid, located) : answers.delete(pid)),
    publishes: (pid: number, where: string) => answers.set(pid, { publisher: Buffer.from(where) }),
    /** Until so many looks were made, and their answers taken. */
    looks: async (count: number) => {
      while (lookedAt.length < count) await sleep(5);
      await sleep(0);
    },
  };
}

describe('what the programs are told', () => {
  it('where a process publishes, once, until it says something else', async (t) => {
    const { publishers, publishes, told, looks } = setUp(t);
    publishes(A, 'here');
    for (const [i, where] of ['here', 'here', 'there', 'there'].entries()) {
      publishes(A, where);
      publishers.published(A);
      await looks(i + 1);
    }
    assert.deepEqual(told, [`cs_publishers ${A} = here`, `cs_publishers ${A} = there`]);
  });

  it('nothing found another time takes nothing back', async (t) => {
    const { publishers, publishes, answer, told, looks } = setUp(t);
    publishes(A, 'here');
    publishers.published(A);
    await looks(1);
    answer(A, { reason: 'no_symbol' });
    publishers.published(A);
    await looks(2);
    assert.deepEqual(told, [`cs_publishers ${A} = here`]);
  });

  it('of as many as there is room for: the one whose stall is longest ago is forgotten', async (t) => {
    const { publishers, publishes, told, looks } = setUp(t, { places: 3 });
    let count = 0;
    const publish = async (pid: number) => {
      publishes(pid, 'here');
      publishers.published(pid);
      count += 1;
      await looks(count);
    };
    for (const pid of [A, B, C]) await publish(pid);
    publishers.stalled(A, true);
    await publish(D);
    await publish(E);
    assert.deepEqual(told.slice(3), [
      `cs_publishers ${B} deleted`,
      `cs_publishers ${D} = here`,
      `cs_publishers ${C} deleted`,
      `cs_publishers ${E} = here`,
    ]);
  });
});

describe('who is looked at', () => {
  it('those for each reason in turn: who stalls all the time does not keep others waiting', async (t) => {
    const { publishers, lookedAt, looks } = setUp(t);
    for (const pid of MANY) publishers.stalled(pid, false);
    publishers.published(A);
    await looks(10);
    assert.ok(lookedAt.slice(0, 10).includes(A), `${lookedAt}`);
    assert.ok(lookedAt.slice(0, 10).includes(MANY[0]!), `${lookedAt}`);
  });

  it('who stalls without a context, but not again at once, nor for a stall meanwhile', async (t) => {
    const { publishers, lookedAt, looks, onLook } = setUp(t);
    onLook(() => publishers.stalled(A, false));
    publishers.stalled(A, false);
    await looks(1);
    onLook(() => {});
    publishers.stalled(A, false);
    publishers.stalled(B, false);
    await looks(2);
    assert.deepEqual(lookedAt, [A, B]);
  });

  it('no thread of the kernel', async (t) => {
    const proc = fakeProc(t);
    proc.put(A, { comm: 'kcompactd0', kernelThread: true });
    proc.put(B, { comm: 'summ' });
    const { publishers, lookedAt, looks } = setUp(t, { proc: proc.root });
    publishers.lookAtAll();
    for (const pid of [A, B]) publishers.stalled(pid, false);
    await looks(2);
    assert.deepEqual(lookedAt, [B, B]);
  });

  it('nobody whose stalls have contexts', async (t) => {
    const { publishers, lookedAt, looks } = setUp(t);
    publishers.stalled(A, true);
    publishers.stalled(B, false);
    await looks(1);
    assert.deepEqual(lookedAt, [B]);
  });
});

it('each look is counted, by what came of it', async (t) => {
  const { publishers, publishes, answer, looks } = setUp(t);
  publishes(A, 'here');
  answer(B, { reason: 'no_symbol' });
  answer(C, { reason: 'no_permission' });
  answer(D, { reason: 'no_symbol' });
  for (const pid of [A, B, C, D, E]) publishers.published(pid);
  await looks(5);
  assert.deepEqual(publishers.books, {
    made: 5,
    open: 0,
    publishing: 1,
    without: { no_symbol: 2, no_permission: 1, no_answer: 1 },
  });
});
