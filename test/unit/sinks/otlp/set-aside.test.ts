// SPDX-License-Identifier: Apache-2.0
// A batch that the collector never takes does not hold up the others, and an outage costs none of them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { status } from '@grpc/grpc-js';
import { SetAside } from '../../../../src/sinks/otlp/set-aside.ts';
import { events } from './events.ts';
import { OK, startGrpcServer } from './grpc-server.ts';
import { ACCEPTED, startHttpServer } from './http-server.ts';
import { LONG, sinkTo } from './sink-to.ts';

const ONE_EACH = { OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '1' };
/** Every batch goes behind the others at once. */
const IMPATIENT = { patience: { asideMs: 0, giveUpMs: 0 } };
const BUSY = { code: status.UNAVAILABLE, details: 'processor: cannot parse this' };

test('data that the pipeline can never take is given up, with its words; all else is delivered', async (t) => {
  let poison = -1;
  const server = await startGrpcServer(t, (request) => {
    // Spans of one size, but for the first.
    if (poison < 0) poison = server.sizes[0]!;
    return server.sizes[request] === poison ? BUSY : OK;
  });
  const { sink, said } = await sinkTo(server.port, ONE_EACH, IMPATIENT);
  const [first, ...others] = events(10);
  sink.write([{ ...first!, executable: 'a-longer-name-than-all-others' }, ...others]);
  while (sink.books().queued > 0) await sleep(5);
  await sink.close(LONG);
  assert.deepEqual(sink.books(), {
    accepted: 10,
    exported: 10,
    queued: 0,
    dropped: { grpc_unavailable: 1 },
    reports: 1,
  });
  assert.match(
    said.at(-1)!,
    /takes other spans, but never these 1 \(grpc_unavailable: processor: cannot parse this\); they are dropped\. The collector's log/,
  );
});

test('an outage of any length costs nothing', async (t) => {
  const server = await startGrpcServer(t, (request) => (request < 40 ? BUSY : OK));
  const { sink } = await sinkTo(server.port, ONE_EACH, { ...IMPATIENT, backoff: { firstMs: 1, maxMs: 1 } });
  sink.write(events(30));
  await sink.close(LONG);
  assert.deepEqual(sink.books(), { accepted: 30, exported: 30, queued: 0, dropped: {} });
  assert.equal(new Set(server.spans.map(({ spanId }) => spanId)).size, 30);
});

test('at the end of a run others do not wait for a batch that fails', async (t) => {
  let first: number | undefined;
  const server = await startHttpServer(t, (_, response) => {
    const size = Number(response.req.headers['content-length']);
    first ??= size;
    return size === first ? { status: 503 } : ACCEPTED;
  });
  const { sink, said } = await sinkTo(server.port, { ...ONE_EACH, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf' });
  const [poison, ...others] = events(10);
  sink.write([{ ...poison!, executable: 'a-longer-name-than-all-others' }, ...others]);
  while (server.requests.length === 0) await new Promise(setImmediate);
  const closed = sink.close(3_000);
  while (server.spans.length < 9) await new Promise(setImmediate);
  await closed;
  assert.deepEqual(sink.books(), { accepted: 10, exported: 9, queued: 0, dropped: { shutdown: 1 } });
  assert.match(said.at(-1)!, /did not accept 1 spans in time; they are dropped\. The last try: HTTP 503/);
  assert.doesNotMatch(said.at(-1)!, /ENDPOINT/);
});

test('how long: at first others go first, later it is given up if they were taken', () => {
  const aside = new SetAside({ asideMs: 30_000, giveUpMs: 600_000 });
  const batch = { bytes: new Uint8Array(), spans: 1 };
  assert.equal(aside.verdict(batch, 1_000, false), 'again');
  assert.equal(aside.verdict(batch, 30_999, false), 'again');
  assert.equal(aside.verdict(batch, 31_000, false), 'aside');
  // An outage: nothing is taken.
  for (let at = 40_000; at < 10_000_000; at += 30_000) assert.equal(aside.verdict(batch, at, false), 'aside');
  const fail = (nowMs: number) => {
    aside.add(batch, nowMs);
    aside.delivered();
    return aside.verdict(aside.take(), nowMs, false);
  };
  assert.equal(fail(10_000_000), 'aside');
  assert.equal(fail(10_000_000), 'aside');
  assert.equal(fail(10_000_000), 'give up');
});

test('a bounded number is aside; the next one waits as in an outage', () => {
  const aside = new SetAside({ asideMs: 0, giveUpMs: 0 });
  const batch = () => ({ bytes: new Uint8Array(), spans: 2 });
  while (aside.verdict(batch(), 0, false) === 'aside') aside.add(batch(), 0);
  assert.equal(aside.length, 8);
  assert.equal(aside.spans, 16);
});
