// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resourceFromAttributes } from '@opentelemetry/resources';
import type { AgentEvent } from '../../../../src/event/event.ts';
import { BACKOFF } from '../../../../src/sinks/otlp/backoff.ts';
import { Books } from '../../../../src/sinks/otlp/books.ts';
import type { Batch, Collector, Outcome } from '../../../../src/sinks/otlp/collector.ts';
import { DeliveryMessages } from '../../../../src/sinks/otlp/delivery-messages.ts';
import { readLimits } from '../../../../src/sinks/otlp/limits.ts';
import { MemoryQueue } from '../../../../src/sinks/otlp/request-queue.ts';
import { RequestWriter } from '../../../../src/sinks/otlp/request-writer.ts';
import { Sender } from '../../../../src/sinks/otlp/sender.ts';
import { PATIENCE } from '../../../../src/sinks/otlp/set-aside.ts';
import { readSettings } from '../../../../src/sinks/otlp/settings.ts';
import { events } from './events.ts';
import { decodeRequest } from './wire.ts';

const TAKEN: Outcome = { kind: 'delivered', rejected: 0, message: '' };

/** A sender to a collector that gives these answers, then takes everything. */
function senderTo(env: NodeJS.ProcessEnv, ...answers: Outcome[]) {
  const sent: { batch: Batch; spanIds: string[] }[] = [];
  const written: AgentEvent[] = [];
  const collector: Collector = {
    send: async (batch) => {
      sent.push({ batch, spanIds: decodeRequest(batch.bytes).map(({ spanId }) => spanId) });
      return answers.shift() ?? TAKEN;
    },
    close() {},
  };
  const resource = resourceFromAttributes({ 'service.name': 'test' });
  const requests = new RequestWriter({
    stack: 'event',
    limits: readLimits({}),
    sampler: undefined,
    scope: { name: 'compactstall', version: '1' },
    resourceOf: (event) => {
      written.push(event);
      return resource;
    },
  });
  const messages = new DeliveryMessages('test', () => {});
  const backoff = { ...BACKOFF, firstMs: 1, maxMs: 1 };
  return {
    sender: new Sender({
      name: 'otlp',
      settings: readSettings(env),
      requests,
      queue: new MemoryQueue(),
      books: new Books(false),
      collector,
      messages,
      backoff,
      patience: PATIENCE,
    }),
    sent,
    written,
  };
}

test('an event becomes bytes once, however often its request is sent or split', async () => {
  const { sender, sent, written } = senderTo(
    {},
    { kind: 'retry', reason: 'grpc_unavailable', message: 'away', answered: false },
    { kind: 'refused', reason: 'grpc_resource_exhausted', message: 'too large', tooLarge: true },
  );
  const all = events(800);
  sender.write(all);
  await sender.close(60_000);
  assert.deepEqual(sender.books(), { accepted: 800, exported: 800, queued: 0, dropped: {} });
  assert.ok(sent.length >= 4, String(sent.length));
  assert.deepEqual(
    sent.slice(2).flatMap(({ spanIds }) => spanIds),
    all.map(({ spanId }) => spanId),
  );
  assert.equal(written.length, 800);
});

test('the memory of a request is freed as soon as nothing uses it, and not before', async () => {
  const { sender, sent } = senderTo({ OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '500' }, { ...TAKEN, isSpent: true }, TAKEN, {
    kind: 'retry',
    reason: 'grpc_unavailable',
    message: 'away',
    answered: false,
    isSpent: true,
  });
  sender.write(events(3 * 500));
  await sender.close(60_000);
  const [freed, kept, again] = sent.map(({ batch }) => batch);
  assert.equal(freed!.bytes.length, 0);
  assert.ok(kept!.bytes.length > 0);
  // Not by assert.equal, which would print megabytes.
  assert.ok(sent[3]!.batch === again, 'sent again as it was');
  assert.equal(sent[3]!.spanIds.length, 500);
});
