// SPDX-License-Identifier: Apache-2.0
// What the SDK makes of spans, in the books. test/backends/conformance.test.ts compares the spans themselves.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createSdkSink } from '../../../../src/sinks/sdk/sink.ts';
import { event, events, notRecorded } from '../../fixtures.ts';
import { type Answer, OK, startGrpcServer } from '../otlp/grpc-server.ts';
import { assertBalanced, LONG } from '../otlp/sink-to.ts';

async function sinkTo(port: number, env: NodeJS.ProcessEnv = {}) {
  const said: string[] = [];
  const sink = await createSdkSink({
    stack: 'event',
    resource: 'service',
    warn: ({ text }) => said.push(text),
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`, ...env },
  });
  return { sink, said };
}

describe('the sink that uses the SDK', () => {
  it('counts each span that was exported, and has room for a recording', async (t) => {
    const server = await startGrpcServer(t);
    const { sink, said } = await sinkTo(server.port, { OTEL_BSP_MAX_QUEUE_SIZE: '100' });
    for (let sent = 0; sent < 500; ) {
      const batch = events(500).slice(sent, sent + (await sink.room()));
      sink.write(batch);
      sent += batch.length;
      assertBalanced(sink.books());
    }
    await sink.close(LONG);
    assert.deepEqual(sink.books(), { accepted: 500, exported: 500, queued: 0, dropped: {} });
    assert.equal(new Set(server.spans.map(({ spanId }) => spanId)).size, 500);
    assert.ok(!sink.isFailing);
    assert.deepEqual(said, []);
  });

  it('gives each span the service that stalled, and what was not recorded the host', async (t) => {
    const server = await startGrpcServer(t);
    const { sink } = await sinkTo(server.port, { OTEL_SERVICE_NAME: 'an agent' });
    sink.write([event(0, { resource: { 'service.name': 'shop' } }), event(1), notRecorded()]);
    await sink.close(LONG);
    const names = server.spans.map(({ name, resource }) => [name, resource['service.name']?.value]);
    assert.deepEqual(names.sort(), [
      ['compaction direct', 'an agent'],
      ['compaction direct', 'shop'],
      ['compactions not recorded', 'an agent'],
    ]);
  });

  it('counts what the queue of the SDK had no room for', async (t) => {
    const server = await startGrpcServer(t);
    const { sink } = await sinkTo(server.port, { OTEL_BSP_MAX_QUEUE_SIZE: '10', OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '10' });
    sink.write(events(100));
    await sink.close(LONG);
    const { exported, dropped, ...rest } = sink.books();
    assert.deepEqual(rest, { accepted: 100, queued: 0, reports: 1 });
    assert.equal(exported, new Set(server.spans.map(({ spanId }) => spanId)).size);
    assert.deepEqual(dropped, { queue_full: 101 - exported });
    const { name, attributes, start, end } = server.spans.at(-1)!;
    const { 'compaction.not_recorded.count': count, 'compaction.not_recorded.reason': reason } = attributes;
    assert.deepEqual(
      [name, count!.value, reason!.value, start],
      ['compactions not recorded', String(dropped.queue_full), 'queue_full', event(0).startUnixNano],
    );
    assert.ok(Number(end) / 1e6 <= Date.now());
    assert.ok(!sink.isFailing);
  });

  it('counts what a collector refused, by the word of the SDK, and says why once', async (t) => {
    const server = await startGrpcServer(t, () => ({ code: 3, details: 'no room for you' }));
    const { sink, said } = await sinkTo(server.port);
    sink.write(events(5));
    await sink.close(LONG);
    const { dropped, ...rest } = sink.books();
    assert.deepEqual(rest, { accepted: 5, exported: 0, queued: 0 });
    assert.equal(
      Object.values(dropped).reduce((sum, n) => sum + n, 0),
      5,
    );
    assert.match(said.join('\n'), /no room for you/);
    assert.ok(sink.isFailing);
  });

  it('counts what a sampler left out', async (t) => {
    const server = await startGrpcServer(t);
    const { sink } = await sinkTo(server.port, { OTEL_TRACES_SAMPLER: 'always_off' });
    sink.write(events(5));
    await sink.close(LONG);
    assert.deepEqual(sink.books(), { accepted: 5, exported: 0, queued: 0, dropped: { not_sampled: 5 } });
    assert.deepEqual(server.spans, []);
  });

  it('refuses a variable that cannot be used', async () => {
    await assert.rejects(sinkTo(1, { OTEL_TRACES_SAMPLER: 'sometimes' }), { exitCode: 2 });
  });

  it('hangs when spans wait and the SDK has not finished with any for longer than it may', async (t) => {
    const answer = Promise.withResolvers<Answer>();
    const server = await startGrpcServer(t, () => answer.promise);
    const { sink } = await sinkTo(server.port);
    sink.write(events(3));
    while (server.sizes.length === 0) await sleep(5);
    const { now } = performance;
    let laterMs = 0;
    t.mock.method(performance, 'now', () => now.call(performance) + laterMs);
    const stuck = [0, 59_000, 62_000].map((ms) => {
      laterMs = ms;
      return sink.isStuck;
    });
    assert.deepEqual(stuck, [false, false, true]);
    answer.resolve(OK);
    while (sink.books().queued > 0) await sleep(5);
    assert.ok(!sink.isStuck);
    sink.write(events(1));
    assert.ok(!sink.isStuck);
    await sink.close(LONG);
  });
});
