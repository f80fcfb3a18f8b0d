// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RingBuffer } from '../src/index.ts';
import { bpfError, calls, counters, lengths, loadCounter, until } from './support.ts';

const nothing = () => {};

function drainAll(ring: RingBuffer, maxBytes?: number): Buffer {
  const batches: Buffer[] = [];
  for (let batch = ring.drain(maxBytes); batch !== null; batch = ring.drain(maxBytes)) batches.push(batch);
  return Buffer.concat(batches);
}

test('every call gives one record, in order, with its own length', (t) => {
  const object = loadCounter({ constants: { spread: 23 } });
  t.after(() => object.close());
  const ring = object.ringBuffer('ring', nothing);
  assert.equal(ring.drain(), null);
  calls(13);
  assert.equal(ring.drain(), null, 'not attached yet');
  object.attach();
  calls(1009);
  object.detach();
  calls(17);
  const batch = ring.drain();
  assert.ok(batch);
  assert.deepEqual(
    lengths(batch, 0),
    Array.from({ length: 1009 }, (_, i) => 16 + (i % 24)),
  );
  assert.equal(ring.drain(), null);
  assert.deepEqual(counters(object), { calls: 1009, sent: 1009, ringFull: 0, wakeUps: 0 });
});

test('pendingBytes is what drain() gives when nothing was discarded', (t) => {
  const object = loadCounter({ constants: { spread: 23 } });
  t.after(() => object.close());
  object.attach();
  const ring = object.ringBuffer('ring', nothing);
  assert.equal(ring.pendingBytes, 0);
  calls(101);
  const pending = ring.pendingBytes;
  assert.equal(drainAll(ring).length, pending);
  assert.equal(ring.pendingBytes, 0);
});

for (const maxBytes of [1, 24, 31, 100, 4096]) {
  test(`drain(${maxBytes}) loses nothing, repeats nothing and keeps to its limit`, (t) => {
    const object = loadCounter({ constants: { spread: 40 } });
    t.after(() => object.close());
    object.attach();
    const ring = object.ringBuffer('ring', nothing);
    calls(499);
    let seen = 0;
    for (let batch = ring.drain(maxBytes); batch !== null; batch = ring.drain(maxBytes)) {
      const found = lengths(batch, seen);
      assert.ok(found.length > 0);
      assert.ok(batch.length <= maxBytes || found.length === 1, `${batch.length} bytes, ${found.length} records`);
      // The batch is full: the next record would not fit.
      const next = 8 + Math.ceil((16 + ((seen + found.length) % 41)) / 8) * 8;
      seen += found.length;
      if (seen < 499) assert.ok(batch.length + next > maxBytes, 'the next one would have fitted');
    }
    assert.equal(seen, 499);
  });
}

test('a ring that wraps around many times, drained while it is written', (t) => {
  const object = loadCounter({ constants: { spread: 40 }, mapSizes: { ring: 4096 } });
  t.after(() => object.close());
  object.attach();
  const ring = object.ringBuffer('ring', nothing);
  let seen = 0;
  for (let round = 0; round < 211; round++) {
    calls(1 + (round % 7));
    for (let batch = ring.drain(120); batch !== null; batch = ring.drain(120)) seen += lengths(batch, seen).length;
  }
  assert.equal(seen, counters(object).calls);
  assert.ok(seen * 24 > 4096 * 4, 'it did wrap');
});

test('records of 4 KiB', (t) => {
  const object = loadCounter({ constants: { min_bytes: 4096 } });
  t.after(() => object.close());
  object.attach();
  const ring = object.ringBuffer('ring', nothing);
  calls(11);
  const first = ring.drain(16);
  assert.ok(first);
  assert.deepEqual(lengths(first, 0), [4096]);
  assert.equal(lengths(drainAll(ring), 1).length, 10);
});

test('discarded records are skipped, also at a limit', (t) => {
  for (const maxBytes of [1, 48, 1_000_000]) {
    const object = loadCounter({ constants: { discard_every: 3 } });
    t.after(() => object.close());
    object.attach();
    const ring = object.ringBuffer('ring', nothing);
    calls(307);
    assert.equal(ring.pendingBytes, 307 * 24 + 103 * 48);
    assert.equal(lengths(drainAll(ring, maxBytes), 0).length, 307);
    assert.equal(ring.pendingBytes, 0);
    calls(31);
    for (let left = 31; left > 0; left -= 3) {
      assert.equal(ring.drain(72)?.length, Math.min(left, 3) * 24, 'what was discarded takes no room in the batch');
    }
  }
});

test('the BPF side counts records that do not fit into the ring', (t) => {
  const object = loadCounter({ mapSizes: { ring: 4096 } });
  t.after(() => object.close());
  object.attach();
  const ring = object.ringBuffer('ring', nothing);
  calls(1009);
  const { sent, ringFull } = counters(object);
  assert.equal(sent + ringFull, 1009);
  assert.ok(ringFull > 0);
  assert.equal(lengths(drainAll(ring), 0).length, sent);
});

test('one forced wake-up calls onReadable once', async (t) => {
  const object = loadCounter();
  t.after(() => object.close());
  object.attach();
  let called = 0;
  let seen = 0;
  const ring = object.ringBuffer('ring', () => {
    called++;
    seen += lengths(drainAll(ring), seen).length;
  });
  for (let round = 1; round <= 23; round++) {
    object.writeVariable('armed', 1);
    calls(31);
    await until('the reader is woken', () => called === round);
    assert.equal(seen, 31 * round);
  }
  assert.equal(counters(object).wakeUps, 23);
  assert.equal(called, 23);
});

test('without a forced wake-up the thread keeps sleeping', async (t) => {
  const object = loadCounter();
  t.after(() => object.close());
  object.attach();
  let called = 0;
  const ring = object.ringBuffer('ring', () => {
    called++;
  });
  const thread = () => {
    for (const id of readdirSync('/proc/self/task')) {
      if (readFileSync(`/proc/self/task/${id}/comm`, 'utf8') === 'bpf-ring\n') {
        const status = readFileSync(`/proc/self/task/${id}/status`, 'utf8');
        return {
          state: status.match(/State:\t(\S)/)![1],
          switches: status.match(/voluntary_ctxt_switches:\t(\d+)/)![1],
        };
      }
    }
    return undefined;
  };
  await until('the thread sleeps', () => thread()?.state === 'S');
  const before = thread();
  calls(1009);
  await sleep(300);
  assert.deepEqual(thread(), before, 'not scheduled once');
  assert.equal(called, 0);
  assert.equal(lengths(drainAll(ring), 0).length, 1009);
});

test('records from before the ring was opened cause a call of onReadable', async (t) => {
  const object = loadCounter();
  t.after(() => object.close());
  object.attach();
  calls(7);
  let called = 0;
  const ring = object.ringBuffer('ring', () => {
    called++;
  });
  await until('the reader is called', () => called === 1);
  assert.equal(lengths(drainAll(ring), 0).length, 7);
});

test('a record left in the ring causes no more calls', async (t) => {
  const object = loadCounter();
  t.after(() => object.close());
  object.attach();
  let called = 0;
  const ring = object.ringBuffer('ring', () => {
    called++;
  });
  object.writeVariable('armed', 1);
  calls(3);
  await until('the reader is called', () => called === 1);
  await sleep(100);
  assert.equal(called, 1);
  assert.equal(lengths(drainAll(ring), 0).length, 3);
});

test('wake() calls onReadable each time, whether there is a record or not', async (t) => {
  const object = loadCounter();
  t.after(() => object.close());
  object.attach();
  let called = 0;
  const ring = object.ringBuffer('ring', () => {
    called++;
  });
  for (let round = 1; round <= 23; round++) {
    if (round % 2 === 0) calls(1);
    ring.wake();
    await until('the reader is woken', () => called === round);
  }
  assert.equal(lengths(drainAll(ring), 0).length, 11);
  assert.equal(counters(object).wakeUps, 0);
  await sleep(100);
  assert.equal(called, 23);
});

test('no call after close(), even if one was queued', async (t) => {
  const object = loadCounter();
  t.after(() => object.close());
  object.attach();
  let called = 0;
  for (let round = 0; round < 53; round++) {
    const ring = object.ringBuffer('ring', () => {
      called++;
    });
    object.writeVariable('armed', 1);
    calls(3);
    // Blocks this thread without returning to the event loop, so that the call is queued but cannot run.
    if (round % 2) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2);
    ring.close();
    ring.close();
    assert.throws(() => ring.drain(), bpfError('CLOSED', /RingBuffer is closed/));
    assert.throws(() => ring.pendingBytes, bpfError('CLOSED', /RingBuffer is closed/));
    assert.throws(() => ring.ref(), bpfError('CLOSED', /RingBuffer is closed/));
    assert.throws(() => ring.unref(), bpfError('CLOSED', /RingBuffer is closed/));
    assert.throws(() => ring.wake(), bpfError('CLOSED', /RingBuffer is closed/));
  }
  await sleep(50);
  assert.equal(called, 0);
});

test('a ring has one reader at a time', (t) => {
  const object = loadCounter();
  t.after(() => object.close());
  const ring = object.ringBuffer('ring', nothing);
  assert.throws(() => object.ringBuffer('ring', nothing), bpfError('ALREADY_OPEN', /'ring' is open already/));
  object.ringBuffer('other_ring', nothing);
  ring.close();
  object.ringBuffer('ring', nothing);
  ring.close();
  assert.throws(() => object.ringBuffer('ring', nothing), bpfError('ALREADY_OPEN', /./), 'the old ring does not count');
});

test('unknown rings, and maps that are not rings', (t) => {
  const object = loadCounter();
  t.after(() => object.close());
  for (const name of ['nope', 'table']) {
    assert.throws(
      () => object.ringBuffer(name, nothing),
      bpfError('UNKNOWN_NAME', /It has: (ring, other_ring|other_ring, ring)\./),
    );
  }
});
