// SPDX-License-Identifier: Apache-2.0
// Each event as a span of the SDK, sent by the stock exporter, against the span that the agent writes by itself.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-grpc';
import { resourceFromAttributes } from '@opentelemetry/resources';
import type { AgentEvent, TraceContext } from '../../../../src/event/event.ts';
import { SPAN_ATTRIBUTES } from '../../../../src/sinks/otlp/attributes.ts';
import type { StackPlace } from '../../../../src/sinks/otlp/span-writer.ts';
import { toSpan } from '../../../../src/sinks/sdk/to-span.ts';
import { event, notRecorded, snoopEvents } from '../../fixtures.ts';
import { startGrpcServer, type TestServer } from '../otlp/grpc-server.ts';
import { LONG, sinkTo } from '../otlp/sink-to.ts';
import type { Value, Values, WireSpan } from '../otlp/wire.ts';

let server: TestServer;
before(async () => {
  server = await startGrpcServer({ after: () => {} });
});
after(() => server.stop());

const CONTEXT: TraceContext = {
  source: 'thread',
  traceId: '0af7651916cd43dd8448eb211c80319c',
  spanId: 'b7ad6b7169203331',
  flags: 1,
  attributes: { 'http.route': '/x', 'compaction.order': 'a lie' },
  relation: 'child',
};
const RESOURCE = { 'service.name': 'shop', 'service.version': '1.2', ports: [80, 443], ratio: 0.5, canary: true };

const EVENTS: AgentEvent[] = [
  event(0),
  event(1, { resource: RESOURCE, stack: [], stackOmitted: 'budget', pid: 0, tid: 0 }),
  event(2, { resource: RESOURCE, context: CONTEXT, traceId: CONTEXT.traceId }),
  event(3, { context: { ...CONTEXT, relation: 'link', flags: 0 } }),
  event(4, { startUnixNano: '1795441812999999999', durationNano: 125_000_000_001 }),
  notRecorded(),
  ...snoopEvents().slice(0, 20),
];

/** The known difference: the stock exporter writes an integral double as an integer. */
function withoutDoubles(span: WireSpan | undefined): WireSpan | undefined {
  if (!span) return span;
  const doubles = new Set(SPAN_ATTRIBUTES.filter(({ type }) => type === 'double').map(({ name }) => name));
  const number = ({ kind, value }: Value): Value =>
    kind === 'double' && Number.isInteger(value) ? { kind: 'int', value: String(value) } : { kind, value };
  const attributes: Values = Object.fromEntries(
    Object.entries(span.attributes).map(([name, value]) => [name, doubles.has(name) ? number(value) : value]),
  );
  return { ...span, attributes };
}

const byId = (spans: readonly WireSpan[]) => new Map(spans.map((span) => [span.spanId, span]));

describe('an event as a span of the SDK', () => {
  for (const stack of ['event', 'attribute', 'both', 'none'] satisfies StackPlace[]) {
    it(`is on the wire what the agent writes, with the stack: ${stack}`, async () => {
      const resource = { 'service.name': 'an agent' };
      const variables = { OTEL_NODE_RESOURCE_DETECTORS: 'env', OTEL_SERVICE_NAME: 'an agent' };
      const { sink } = await sinkTo(server.port, variables, { stack });
      const start = server.spans.length;
      sink.write(EVENTS);
      await sink.close(LONG);
      const written = byId(server.spans.slice(start));
      const middle = server.spans.length;

      const exporter = new OTLPTraceExporter({ url: `http://127.0.0.1:${server.port}` });
      const spans = EVENTS.map((one) => toSpan(one, { stack, resource: resourceFromAttributes(resource) }));
      const result = await new Promise((resolve) => exporter.export(spans, resolve));
      await exporter.shutdown();
      assert.deepEqual(result, { code: 0 });
      const sent = byId(server.spans.slice(middle));

      assert.equal(written.size, EVENTS.length);
      assert.equal(sent.size, EVENTS.length);
      for (const [id, span] of written) {
        const { resource: ours, ...rest } = withoutDoubles(span)!;
        const { resource: theirs, ...others } = withoutDoubles(sent.get(id))!;
        assert.deepEqual(others, rest);
        // The agent adds what its host knows.
        for (const [name, value] of Object.entries(theirs)) assert.deepEqual(ours[name], value, name);
      }
    });
  }

  it('has one resource object for the events of a process, by which an exporter groups', () => {
    const [a, b] = [event(1, { resource: RESOURCE }), event(2, { resource: RESOURCE })];
    assert.equal(toSpan(a).resource, toSpan(b).resource);
    assert.equal(toSpan(event(3)).resource.attributes['service.name'], 'compactstall');
  });
});
