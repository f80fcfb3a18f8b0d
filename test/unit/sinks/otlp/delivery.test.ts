// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { event, events } from './events.ts';
import { OK, startGrpcServer } from './grpc-server.ts';
import { assertBalanced, LONG, sinkTo } from './sink-to.ts';

const FOUR_MIB = 4 * 1024 * 1024;

test('30 000 events at once: all delivered, none twice, one request at a time', async (t) => {
  const server = await startGrpcServer(t, undefined, { slow: 1 });
  const { sink, said } = await sinkTo(server.port);
  sink.write(events(30_000));
  assertBalanced(sink.books());
  await sink.close(LONG);
  assert.deepEqual(sink.books(), { accepted: 30_000, exported: 30_000, queued: 0, dropped: {} });
  assert.equal(server.spans.length, 30_000);
  assert.equal(new Set(server.spans.map(({ spanId }) => spanId)).size, 30_000);
  assert.equal(server.concurrency, 1);
  const large = server.sizes.slice(0, -1);
  assert.ok(Math.min(...large) > 990_000 && Math.max(...large) < 1_000_000, `just below 1 MB: ${large}`);
  assert.deepEqual(said, []);
});

test('requests of the largest events stay below 4 MiB and nothing is lost', async (t) => {
  const server = await startGrpcServer(t);
  // KSYM_NAME_LEN is 512, a module's name has up to 56 bytes; not ASCII, so that characters and bytes differ.
  const frame = (n: number) => `${'é'.repeat(256)}+0xffffffff [${'m'.repeat(56)}]${n}`;
  const stack = Array.from({ length: 64 }, (_, n) => frame(n));
  const { sink } = await sinkTo(server.port, {}, { stack: 'both' });
  const batch = events(400, {
    stack,
    executable: '漢'.repeat(255),
    container: 'c'.repeat(64),
    gfp: Array.from({ length: 32 }, (_, n) => `__GFP_SOMETHING_${n}`),
  });
  sink.write(batch);
  await sink.close(LONG);
  assert.equal(sink.books().exported, 400);
  assert.equal(server.spans.length, 400);
  assert.equal(server.spans[0]?.events[0]?.attributes['code.stacktrace']?.value, stack.join('\n'));
  assert.ok(Math.max(...server.sizes) < FOUR_MIB, `largest: ${Math.max(...server.sizes)}`);
});

test('an event larger than a request is counted, its neighbours are delivered', async (t) => {
  const server = await startGrpcServer(t);
  const { sink, said } = await sinkTo(server.port);
  const giant = event(1, { stack: ['x'.repeat(5 * 1024 * 1024)] });
  sink.write([event(0), giant, event(2)]);
  await sink.close(LONG);
  assert.deepEqual(sink.books(), { accepted: 3, exported: 3, queued: 0, dropped: { too_large: 1 }, reports: 1 });
  assert.equal(said.length, 1);
});

test('what does not fit in the queue is counted, exactly', async (t) => {
  const server = await startGrpcServer(t, () => new Promise(() => {}));
  const { sink, said } = await sinkTo(server.port, {}, { queueSize: 1000 });
  sink.write(events(900));
  sink.write(events(300));
  assert.deepEqual(sink.books(), { accepted: 1200, exported: 0, queued: 1000, dropped: { queue_full: 200 } });
  // A batch in flight still counts: its memory is not free.
  while (server.sizes.length === 0) await sleep(5);
  sink.write(events(7));
  assert.deepEqual(sink.books(), { accepted: 1207, exported: 0, queued: 1000, dropped: { queue_full: 207 } });
  assert.equal(said.filter((sentence) => sentence.includes('queue of 1000 spans is full')).length, 1);
  await sink.close(0);
  const dropped = { queue_full: 207, shutdown: 1000 };
  assert.deepEqual(sink.books(), { accepted: 1207, exported: 0, queued: 0, dropped });
});

test('room comes back when the queue is below half', async (t) => {
  let open = () => {};
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  const server = await startGrpcServer(t, async () => {
    await gate;
    return OK;
  });
  const { sink } = await sinkTo(server.port, { OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '10' }, { queueSize: 100 });
  await sink.room();
  sink.write(events(49));
  await sink.room();
  sink.write(events(51));
  let roomy = false;
  const room = sink.room().then(() => {
    roomy = true;
  });
  while (server.sizes.length === 0) await sleep(5);
  assert.equal(roomy, false);
  open();
  await room;
  assert.ok(sink.books().queued < 50);
  await sink.close(LONG);
  assert.equal(sink.books().exported, 100);
});

test('closing twice is closing once, and writing afterwards is counted', async (t) => {
  const server = await startGrpcServer(t);
  const { sink } = await sinkTo(server.port);
  sink.write(events(3));
  await Promise.all([sink.close(LONG), sink.close(LONG)]);
  sink.write(events(2));
  await sink.room();
  assert.deepEqual(sink.books(), { accepted: 5, exported: 3, queued: 0, dropped: { shutdown: 2 } });
});

test('no span, no connection', async (t) => {
  const server = await startGrpcServer(t);
  const { sink } = await sinkTo(server.port);
  sink.write([]);
  await sink.close(LONG);
  assert.deepEqual(server.sizes, []);
});
