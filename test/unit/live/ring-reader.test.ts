// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BpfObject } from 'bpf-loader-native';
import { READER } from '../../../src/abi.generated.ts';
import { RingReader } from '../../../src/live/ring-reader.ts';

const RECORD = 1000;

/** A ring that holds so many bytes, and the reader's states as the programs see them. */
function ringOf(bytes: number) {
  const states: number[] = [];
  const asked: number[] = [];
  let wake = () => {};
  const ring = {
    get pendingBytes() {
      return bytes;
    },
    drain(most: number) {
      asked.push(most);
      const size = Math.min(bytes, Math.floor(most / RECORD) * RECORD);
      bytes -= size;
      return size > 0 ? Buffer.alloc(size) : null;
    },
    close() {},
    wake: () => wake(),
  };
  const object = {
    ringBuffer: (_: string, onReadable: () => void) => {
      wake = onReadable;
      return ring;
    },
    writeVariable: (_: string, state: number) => states.push(state),
  };
  return {
    ring,
    object: object as unknown as BpfObject,
    states,
    asked,
    wake: () => wake(),
    fill: (more: number) => (bytes += more),
  };
}

test('a burst is read in parts, between which timers and sockets have their turn', async () => {
  const { object, states, wake, fill } = ringOf(0);
  const batches: number[] = [];
  let turns = 0;
  const turnsOfBatch: number[] = [];
  const reader = new RingReader(object, 'records');
  reader.start((batch) => {
    batches.push(batch.length);
    turnsOfBatch.push(turns);
  });
  assert.deepEqual(states, [READER.ASLEEP]);
  const turn = () => {
    turns += 1;
    ticking = setImmediate(turn);
  };
  let ticking = setImmediate(turn);
  fill(5_000_000);
  wake();
  assert.equal(states.at(-1), READER.NAPPING);
  while (states.at(-1) !== READER.ASLEEP) await sleep(5);
  clearImmediate(ticking);
  reader.close();
  assert.equal(
    batches.reduce((sum, size) => sum + size, 0),
    5_000_000,
  );
  assert.ok(Math.max(...batches) <= 256 * 1024, String(Math.max(...batches)));
  assert.equal(new Set(turnsOfBatch).size, batches.length, 'one batch in a turn');
});

test('what is left at the end is read at once', () => {
  const { object, fill } = ringOf(0);
  let read = 0;
  const reader = new RingReader(object, 'records');
  reader.start(({ length }) => {
    read += length;
  });
  fill(3_000_000);
  reader.drain();
  reader.close();
  assert.equal(read, 3_000_000);
});

test('a look resolves when the ring was read after it, and not while the thread of the ring does not wake the reader', async () => {
  const { object, ring, states, fill } = ringOf(0);
  let read = 0;
  const reader = new RingReader(object, 'records');
  reader.start(({ length }) => {
    read += length;
  });
  fill(RECORD);
  await reader.look();
  assert.equal(read, RECORD);
  // Another nap follows, as there was something.
  while (states.at(-1) !== READER.ASLEEP) await sleep(5);
  await reader.look();
  const calls: string[] = [];
  ring.wake = () => calls.push('the thread is dead');
  void reader.look().then(() => calls.push('looked'));
  fill(RECORD);
  await sleep(200);
  reader.close();
  assert.deepEqual(calls, ['the thread is dead']);
});

test('a reader that is woken before it begins, or after it has stopped, looks into nothing, and has no nap left when it is closed', async () => {
  const { object, states, wake, fill } = ringOf(RECORD);
  let read = 0;
  const reader = new RingReader(object, 'records');
  wake();
  reader.start(({ length }) => {
    read += length;
  });
  reader.stop();
  fill(RECORD);
  wake();
  await reader.look();
  reader.close();
  const last = states.length;
  await sleep(200);
  const later = states.length;
  // A nap that was left finds nothing any more, and ends.
  fill(-2 * RECORD);
  assert.deepEqual([read, later], [0, last]);
});
