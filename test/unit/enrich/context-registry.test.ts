// SPDX-License-Identifier: Apache-2.0
// The processes that are probed, their order, and the map of the BPF programs, with a prober that gives prepared answers.
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BpfObject } from 'bpf-loader-native';
import { ContextRegistry } from '../../../src/enrich/context-registry.ts';
import type { ProberClient } from '../../../src/enrich/prober-client.ts';
import type { Located } from '../../../src/prober/protocol.ts';
import { fakeProc } from '../prober/service/proc.ts';

/** No process has such pids. */
const FIRST = 5_000_000;
const [A, B, C, D, E] = Array.from({ length: 5 }, (_, i) => FIRST + i) as [number, number, number, number, number];
/** More processes than the queue of probes has places for. */
const MANY = Array.from({ length: 30 }, (_, i) => FIRST + 1000 + i);

function setUp(t: TestContext, options?: { places?: number; proc?: string }) {
  const answers = new Map<number, Located>();
  const probed: number[] = [];
  const told: string[] = [];
  let meanwhile = () => {};
  const pid = (key: Buffer) => key.readUInt32LE();
  const prober = {
    contexts: async (pid: number) => {
      probed.push(pid);
      meanwhile();
      return answers.get(pid);
    },
    published: () => {},
  };
  const object = {
    updateMap: (map: string, key: Buffer, value: Buffer) => told.push(`${map} ${pid(key)} = ${value}`),
    writeVariable: (name: string, value: number) => told.push(`${name} = ${value}`),
    deleteFromMap: (map: string, key: Buffer) => told.push(`${map} ${pid(key)} deleted`),
  };
  const registry = new ContextRegistry(object as unknown as BpfObject, prober as unknown as ProberClient, options);
  t.after(() => registry.close());
  return {
    registry,
    probed,
    told,
    onProbe: (work: () => void) => {
      meanwhile = work;
    },
    answer: (pid: number, located: Located | undefined) => (located ? answers.set(pid, located) : answers.delete(pid)),
    publishes: (pid: number, where: string, ...keys: string[]) =>
      answers.set(pid, { publisher: Buffer.from(where), keys }),
    /** Waits until this number of probes was made and answered. */
    probes: async (count: number) => {
      while (probed.length < count) await sleep(5);
      await sleep(0);
    },
  };
}

/** Before it, the programs do not look into the map. */
const LOOKS = 'any_publisher = 1';

describe('the map of the programs', () => {
  it('has where a process publishes, written once per change', async (t) => {
    const { registry, publishes, told, probes } = setUp(t);
    publishes(A, 'here');
    for (const [i, where] of ['here', 'here', 'there', 'there'].entries()) {
      publishes(A, where);
      registry.published(A);
      await probes(i + 1);
    }
    assert.deepEqual(told, [LOOKS, `cs_publishers ${A} = here`, `cs_publishers ${A} = there`]);
  });

  it('beside it are the names of attributes, which may change alone', async (t) => {
    const { registry, publishes, told, probes } = setUp(t);
    const said = [[1, 'second'], [0, 'first'], [2, 'nameless'], [7, 'beyond']] as const; // biome-ignore format: one line
    assert.equal(registry.named(A, said), undefined);
    publishes(A, 'here', 'a', 'b', '');
    registry.published(A);
    await probes(1);
    assert.deepEqual(registry.named(A, said), { a: 'first', b: 'second' });
    publishes(A, 'here', '__proto__');
    registry.published(A);
    await probes(2);
    assert.deepEqual(Object.entries(registry.named(A, said)!), [['__proto__', 'first']]);
    assert.equal(registry.named(B, said), undefined);
    assert.deepEqual(told, [LOOKS, `cs_publishers ${A} = here`]);
  });

  it('keeps an entry when a later probe finds nothing', async (t) => {
    const { registry, publishes, answer, told, probes } = setUp(t);
    publishes(A, 'here');
    registry.published(A);
    await probes(1);
    answer(A, { reason: 'no_symbol' });
    registry.published(A);
    await probes(2);
    assert.deepEqual(told, [LOOKS, `cs_publishers ${A} = here`]);
  });

  it('when full, forgets the process with the oldest stall', async (t) => {
    const { registry, publishes, told, probes } = setUp(t, { places: 3 });
    let count = 0;
    const publish = async (pid: number) => {
      publishes(pid, 'here');
      registry.published(pid);
      count += 1;
      await probes(count);
    };
    for (const pid of [A, B, C]) await publish(pid);
    registry.stalled(A, true);
    await publish(D);
    await publish(E);
    assert.deepEqual(told.slice(4), [
      `cs_publishers ${B} deleted`,
      `cs_publishers ${D} = here`,
      `cs_publishers ${C} deleted`,
      `cs_publishers ${E} = here`,
    ]);
  });
});

describe('the processes that are probed', () => {
  it('each reason in turn: a process that stalls all the time does not delay others', async (t) => {
    const { registry, probed, probes } = setUp(t);
    for (const pid of MANY) registry.stalled(pid, false);
    registry.published(A);
    await probes(10);
    assert.ok(probed.slice(0, 10).includes(A), `${probed}`);
    assert.ok(probed.slice(0, 10).includes(MANY[0]!), `${probed}`);
  });

  it('one that stalls without a context, but not again at once, nor for a stall meanwhile', async (t) => {
    const { registry, probed, probes, onProbe } = setUp(t);
    onProbe(() => registry.stalled(A, false));
    registry.stalled(A, false);
    await probes(1);
    onProbe(() => {});
    registry.stalled(A, false);
    registry.stalled(B, false);
    await probes(2);
    assert.deepEqual(probed, [A, B]);
  });

  it('no kernel thread', async (t) => {
    const proc = fakeProc(t);
    proc.put(A, { comm: 'kcompactd0', kernelThread: true });
    proc.put(B, { comm: 'summ' });
    const { registry, probed, probes } = setUp(t, { proc: proc.root });
    registry.probeAll();
    for (const pid of [A, B]) registry.stalled(pid, false);
    await probes(2);
    assert.deepEqual(probed, [B, B]);
  });

  it('none whose stalls have contexts', async (t) => {
    const { registry, probed, probes } = setUp(t);
    registry.stalled(A, true);
    registry.stalled(B, false);
    await probes(1);
    assert.deepEqual(probed, [B]);
  });
});

it('each probe is counted by its outcome', async (t) => {
  const { registry, publishes, answer, probes } = setUp(t);
  publishes(A, 'here');
  answer(B, { reason: 'no_symbol' });
  answer(C, { reason: 'no_permission' });
  answer(D, { reason: 'no_symbol' });
  for (const pid of [A, B, C, D, E]) registry.published(pid);
  await probes(5);
  assert.deepEqual(registry.books, {
    made: 5,
    open: 0,
    publishing: 1,
    without: { no_symbol: 2, no_permission: 1, no_answer: 1 },
  });
});
