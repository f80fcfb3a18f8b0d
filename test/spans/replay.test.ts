// SPDX-License-Identifier: Apache-2.0
// Spans of a recording in a real receiver: another implementation of OTLP reads the output of the built command. It needs no
// rights.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { after, before, beforeEach, describe, it, type TestContext } from 'node:test';
import { type Receiver, startReceiver } from '../../harness/receivers/test-agent.ts';
import type { CompactionEvent } from '../../src/event/event.ts';
import { runToEnd } from '../support/agent.ts';
import { assertNothingLost, exportedBy } from '../support/books.ts';
import { assertSpans } from '../support/spans.ts';
import { snoopEvents, temporaryFolder } from '../unit/fixtures.ts';

const DEADLINE_MS = 60_000;

let receiver: Receiver;
before(async () => {
  receiver = await startReceiver();
});
beforeEach(() => receiver.clear());
after(() => receiver.stop());

function replay(t: TestContext, events: readonly CompactionEvent[], env: NodeJS.ProcessEnv) {
  const recording = temporaryFolder(t)('recording.jsonl');
  writeFileSync(recording, events.map((event) => `${JSON.stringify(event)}\n`).join(''));
  return runToEnd(['replay', recording, '--output', 'none'], { env, books: true });
}

describe('a recording in a real receiver', () => {
  for (const [protocol, more] of [
    ['grpc', {}],
    ['http/protobuf', {}],
    ['http/protobuf', { OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip' }],
  ] as const) {
    it(`${['over', protocol, ...Object.values(more)].join(' ')}: a span for each event, field by field`, async (t) => {
      const events = snoopEvents();
      const finished = await replay(t, events, {
        OTEL_EXPORTER_OTLP_ENDPOINT: protocol === 'grpc' ? receiver.endpoint : receiver.httpEndpoint,
        OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
        OTEL_SERVICE_NAME: 'of the host',
        ...more,
      });
      assert.equal(exportedBy('otlp', assertNothingLost(finished)), events.length);
      const spans = await receiver.waitForSpans(events.length, DEADLINE_MS);
      assertSpans(spans, events);
      for (const { resource } of spans) {
        assert.equal(resource['host.name'], hostname());
        assert.equal(resource['os.type'], 'linux');
      }
    });
  }

  it('of other hosts: each span has the name and id of its host, and nothing of this one', async (t) => {
    const [first, second, third] = snoopEvents();
    const hosts = [{ name: 'node-7', id: 'f00' }, { name: 'node-8' }, undefined];
    const events = [first!, second!, third!].map((event, i) => ({ ...event, ...(hosts[i] && { host: hosts[i] }) }));
    assertNothingLost(await replay(t, events, { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint }));
    const spans = await receiver.waitForSpans(events.length, DEADLINE_MS);
    const hostOf = (spanId: string) => {
      const { resource } = spans.find(({ span }) => span.spanId === spanId)!;
      return [resource['host.name'], resource['host.id'], resource['os.type']];
    };
    assert.deepEqual(hostOf(first!.spanId), ['node-7', 'f00', undefined]);
    assert.deepEqual(hostOf(second!.spanId), ['node-8', undefined, undefined]);
    assert.deepEqual([hostOf(third!.spanId)[0], hostOf(third!.spanId)[2]], [hostname(), 'linux']);
  });

  it('spans that the receiver rejects with an OK are counted as lost, and make exit code 4', async (t) => {
    // Spans of more than 1 MiB, as lines of less than 1 Mi characters: the receiver acknowledges a request of that size over gRPC, and rejects what is in it.
    const [first] = snoopEvents();
    const events = Array.from({ length: 3 }, (_, i) => ({
      ...first!,
      spanId: (i + 1).toString(16).padStart(16, '0'),
      stack: Array.from({ length: 20 }, () => 'é'.repeat(30_000)),
    }));
    const { code, stderr, books } = await replay(t, events, { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint });
    assert.match(stderr, /rejected 1 of 1 spans: .+/);
    assert.deepEqual([books!.compactions, books!.lost], [3, { 'otlp dropped it: rejected': 3 }]);
    assert.equal(code, 4, stderr);
    assert.deepEqual(await receiver.spans(), []);
  });
});
