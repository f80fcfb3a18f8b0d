// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Metadata, status } from '@grpc/grpc-js';
import { event, events } from './events.ts';
import { type Answer, OK, RETRYABLE, startGrpcServer } from './grpc-server.ts';
import { assertBalanced, LONG, sinkTo } from './sink-to.ts';
import { encodeResponse, encodeRetryInfo } from './wire.ts';

const error = (code: status, details = 'made to fail', metadata = new Metadata()): Answer => ({
  code,
  details,
  metadata,
});

/** Answers with these first, then with OK. */
const first =
  (...answers: Answer[]) =>
  (request: number) =>
    answers[request] ?? OK;

function retryInfo(ms: number): Metadata {
  const metadata = new Metadata();
  metadata.set('grpc-status-details-bin', encodeRetryInfo(status.RESOURCE_EXHAUSTED, ms));
  return metadata;
}

test('codes that the specification calls retryable are tried again, with the same spans', async (t) => {
  for (const name of RETRYABLE) {
    const server = await startGrpcServer(t, first(error(status[name]), error(status[name])));
    const { sink, said } = await sinkTo(server.port);
    sink.write(events(3));
    await sink.close(LONG);
    assert.deepEqual(sink.books(), { accepted: 3, exported: 3, queued: 0, dropped: {} }, name);
    assert.equal(server.sizes.length, 3, name);
    assert.equal(server.concurrency, 1);
    assert.deepEqual(
      server.spans.map(({ spanId }) => spanId),
      events(3).map(({ spanId }) => spanId),
    );
    assert.equal(said.length, 2, said.join('\n'));
    assert.match(said[0]!, /^collector at http:\S+ .*made to fail; 3 spans queued, retrying\.$/);
    assert.match(said[1]!, /answers again after \d+ s; 0 spans queued\.$/);
  }
});

test('other codes drop the batch, are counted by name and reported once; the next batch is tried', async (t) => {
  for (const [code, reason] of [
    [status.UNKNOWN, 'grpc_unknown'],
    [status.INVALID_ARGUMENT, 'grpc_invalid_argument'],
    [status.NOT_FOUND, 'grpc_not_found'],
    [status.PERMISSION_DENIED, 'grpc_permission_denied'],
    [status.UNIMPLEMENTED, 'grpc_unimplemented'],
    [status.INTERNAL, 'grpc_internal'],
    [status.UNAUTHENTICATED, 'grpc_unauthenticated'],
  ] as const) {
    const server = await startGrpcServer(t, first(error(code), error(code)));
    const { sink, said } = await sinkTo(server.port, { OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '5' });
    sink.write(events(15));
    await sink.close(LONG);
    assert.deepEqual(sink.books(), { accepted: 15, exported: 6, queued: 0, dropped: { [reason]: 10 }, reports: 1 });
    assert.equal(said.length, 1, said.join('\n'));
    assert.match(said[0]!, new RegExp(`refused 5 spans \\(${reason}: made to fail\\); they are dropped\\. [A-Z]`));
  }
});

test('RESOURCE_EXHAUSTED with RetryInfo is tried again, not before its delay', async (t) => {
  const times: number[] = [];
  const server = await startGrpcServer(t, (request) => {
    times.push(performance.now());
    return request === 0 ? error(status.RESOURCE_EXHAUSTED, 'full', retryInfo(1_250)) : OK;
  });
  const { sink } = await sinkTo(server.port, {}, { backoff: { firstMs: 1, maxMs: 1 } });
  sink.write(events(3));
  while (sink.books().exported === 0) await sleep(10);
  assert.equal(sink.books().exported, 3);
  // Timers may fire up to a millisecond early.
  assert.ok(times[1]! - times[0]! >= 1_249, String(times[1]! - times[0]!));
  await sink.close(LONG);
});

test('a partial success is not sent again; rejected spans are counted', async (t) => {
  const server = await startGrpcServer(t, first({ response: encodeResponse(7, 'clock is wrong') }));
  const { sink, said } = await sinkTo(server.port);
  sink.write(events(10));
  await sink.close(LONG);
  assert.deepEqual(sink.books(), { accepted: 10, exported: 4, queued: 0, dropped: { rejected: 7 }, reports: 1 });
  assert.deepEqual(
    server.spans.slice(10).map(({ name }) => name),
    ['compactions not recorded'],
  );
  assert.equal(said.length, 1);
  assert.match(said[0]!, /rejected 7 of 10 spans: clock is wrong\.$/);
});

test('a broken answer cannot unbalance the books', async (t) => {
  for (const response of [encodeResponse(11, 'more than there were'), Buffer.from([0xff, 0xff])]) {
    const server = await startGrpcServer(t, () => ({ response }));
    const { sink } = await sinkTo(server.port);
    sink.write(events(10));
    await sink.close(LONG);
    assertBalanced(sink.books());
    assert.ok(sink.books().exported === 0 || sink.books().exported === 10);
  }
});

test('a warning without rejected spans is passed on', async (t) => {
  const server = await startGrpcServer(t, () => ({ response: encodeResponse(0, 'soon to be retired') }));
  const { sink, said } = await sinkTo(server.port);
  sink.write([event()]);
  await sink.close(LONG);
  assert.equal(sink.books().exported, 1);
  assert.match(said.join(), /with a warning: soon to be retired/);
});

test('collector away at first, then there: all delivered, none twice', async (t) => {
  const place = await startGrpcServer(t);
  await place.stop();
  const { sink, said } = await sinkTo(place.port);
  sink.write(events(2_000));
  while (said.length === 0) await sleep(5);
  assert.match(said[0]!, /does not answer: connect ECONNREFUSED 127\.0\.0\.1:\d+; 2000 spans queued, retrying\.$/);
  const server = await startGrpcServer(t, undefined, { port: place.port });
  await sink.close(LONG);
  assert.deepEqual(sink.books(), { accepted: 2_000, exported: 2_000, queued: 0, dropped: {} });
  assert.equal(new Set(server.spans.map(({ spanId }) => spanId)).size, 2_000);
  assert.equal(server.spans.length, 2_000);
});

test('collector stopped and started in the middle: all delivered', async (t) => {
  const one = await startGrpcServer(t);
  const { sink } = await sinkTo(one.port);
  sink.write(events(100));
  while (one.spans.length < 100) await sleep(5);
  await one.stop();
  sink.write(events(200).slice(100));
  await sleep(100);
  const two = await startGrpcServer(t, undefined, { port: one.port });
  await sink.close(LONG);
  assert.equal(sink.books().exported, 200);
  const ids = [...one.spans, ...two.spans].map(({ spanId }) => spanId);
  assert.deepEqual(
    ids,
    events(200).map(({ spanId }) => spanId),
  );
});

test('a request that takes too long is given up and tried again', async (t) => {
  let release = () => {};
  const server = await startGrpcServer(t, (request) =>
    request > 0
      ? OK
      : new Promise((resolve) => {
          release = () => resolve(error(status.ABORTED));
        }),
  );
  const { sink } = await sinkTo(server.port, { OTEL_EXPORTER_OTLP_TIMEOUT: '300' });
  sink.write(events(3));
  await sink.close(LONG);
  assert.equal(sink.books().exported, 3);
  assert.equal(server.sizes.length, 2);
  release();
});

test('closing counts the spans that miss the deadline', async (t) => {
  const server = await startGrpcServer(t, () => error(status.UNAVAILABLE));
  const { sink } = await sinkTo(server.port, { OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '10' });
  sink.write(events(25));
  await sink.close(300);
  assert.deepEqual(sink.books(), { accepted: 25, exported: 0, queued: 0, dropped: { shutdown: 25 } });
  const tries = server.sizes.length;
  assert.ok(tries >= 1);
  // No work goes on after the end.
  await sleep(500);
  assert.equal(server.sizes.length, tries);
});

test('closing does not wait out a backoff', async (t) => {
  let up = false;
  const server = await startGrpcServer(t, () => (up ? OK : error(status.UNAVAILABLE)));
  const { sink } = await sinkTo(server.port, {}, { backoff: { firstMs: 1e9, maxMs: 1e9 } });
  sink.write(events(3));
  while (server.sizes.length === 0) await sleep(5);
  await sleep(50);
  up = true;
  await sink.close(LONG);
  assert.equal(sink.books().exported, 3);
});

test('a sink fails from a request that failed to one that is taken', async (t) => {
  const answers = [OK, error(status.UNAVAILABLE), OK, error(status.UNAUTHENTICATED), OK, OK];
  const failing: boolean[] = [];
  const server = await startGrpcServer(t, (request) => {
    failing.push(sink.isFailing);
    return answers[request]!;
  });
  const { sink } = await sinkTo(server.port, { OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '1' });
  sink.write(events(4));
  while (sink.books().queued > 0) await sleep(5);
  assert.deepEqual([...failing, sink.isFailing], [false, false, true, false, true, false, false]);
  await sink.close(LONG);
});

test('a sink hangs when a request takes longer than its limit and half a minute, not while the collector is away', async (t) => {
  const answer = Promise.withResolvers<Answer>();
  const server = await startGrpcServer(t, () => answer.promise);
  const { sink } = await sinkTo(server.port, { OTEL_BSP_EXPORT_TIMEOUT: '20000', OTEL_EXPORTER_OTLP_TIMEOUT: '20000' });
  sink.write(events(1));
  while (server.sizes.length === 0) await sleep(5);
  const { now } = performance;
  let laterMs = 0;
  t.mock.method(performance, 'now', () => now.call(performance) + laterMs);
  const stuck = [0, 40_000, 51_000].map((ms) => {
    laterMs = ms;
    return sink.isStuck;
  });
  assert.deepEqual(stuck, [false, false, true]);
  answer.resolve(error(status.UNAVAILABLE));
  while (!sink.isFailing) await sleep(5);
  assert.ok(!sink.isStuck);
  await server.stop();
  laterMs = 600_000;
  assert.ok(!sink.isStuck);
  await sink.close(1);
});
