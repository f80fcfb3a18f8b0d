// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { AgentEvent, CompactionEvent } from '../../../../src/event/event.ts';
import { SPAN_ATTRIBUTES } from '../../../../src/sinks/otlp/attributes.ts';
import type { OtlpSinkOptions } from '../../../../src/sinks/otlp/sink.ts';
import { event, notRecorded } from './events.ts';
import { startGrpcServer, type TestServer } from './grpc-server.ts';
import { assertBalanced, LONG, sinkTo } from './sink-to.ts';
import type { WireSpan } from './wire.ts';

let server: TestServer;
before(async () => {
  // One server for all tests: `after` inside a hook would belong to the hook.
  server = await startGrpcServer({ after: () => {} });
});
after(() => server.stop());

/** Sends events through a new sink. @returns the received spans */
async function send(
  events: AgentEvent[],
  env: NodeJS.ProcessEnv = {},
  options: Partial<OtlpSinkOptions> = {},
): Promise<WireSpan[]> {
  const before = server.spans.length;
  const { sink } = await sinkTo(server.port, env, options);
  sink.write(events);
  await sink.close(LONG);
  assertBalanced(sink.books());
  assert.equal(sink.books().exported, server.spans.length - before);
  return server.spans.slice(before);
}

const string = (value: string) => ({ kind: 'string', value });
const int = (value: number) => ({ kind: 'int', value: String(value) });
const double = (value: number) => ({ kind: 'double', value });
const ints = (values: number[]) => ({ kind: 'array', value: values.map(int) });

/** The context of a span that was not sampled. */
const CONTEXT = {
  source: 'nodejs',
  traceId: '0af7651916cd43dd8448eb211c80319c',
  spanId: 'b7ad6b7169203331',
  flags: 0,
  relation: 'link',
} as const;

test('a number that is none leaves its attribute out, of spans and of resources', async () => {
  for (const none of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    const resource = { 'service.name': 'shop', ratio: none, ratios: [0.5, none, 1.5] };
    const begin = { ...event(0).begin, index: none };
    const [span] = await send([event(0, { begin, resource })]);
    assert.ok(!('compaction.fragmentation_index.begin' in span!.attributes));
    assert.ok('compaction.fragmentation_index.end' in span!.attributes);
    assert.ok(!('ratio' in span!.resource));
    assert.deepEqual(span!.resource.ratios, { kind: 'array', value: [double(0.5), double(1.5)] });
  }
});

test('every attribute arrives with its value and its type', async () => {
  const [span] = await send([event(0, { context: CONTEXT, stack: [], stackOmitted: 'budget' })]);
  assert.deepEqual(span?.attributes, {
    'compaction.trigger': string('direct'),
    'compaction.status': string('success'),
    'compaction.node': int(0),
    'compaction.zone': string('Normal'),
    'compaction.order': int(9),
    'compaction.mode': string('async'),
    'compaction.gfp_flags': string('GFP_TRANSHUGE|__GFP_COMP'),
    'compaction.priority': string('async'),
    'compaction.attempt': string('24380-7'),
    'compaction.watermark.min': int(11284),
    'compaction.watermark.low': int(14105),
    'compaction.watermark.high': int(16926),
    'compaction.free_pages.begin': int(14193),
    'compaction.free_pages.end': int(15217),
    'compaction.fragmentation_index.begin': double(0.728),
    'compaction.fragmentation_index.end': double(-1),
    'compaction.free_blocks.begin': ints([4211, 1302, 377, 90, 12, 3, 0, 0, 0, 0, 0]),
    'compaction.free_blocks.end': ints([3890, 1288, 402, 101, 19, 6, 2, 1, 1, 1, 0]),
    'compaction.pages_scanned.migrate': int(512),
    'compaction.pages_scanned.free': int(2048),
    'compaction.stack.omitted': string('budget'),
    'compaction.cgroup.id': string('18446744073709551615'),
    'process.pid': int(24376),
    'process.executable.name': string('summ-server'),
    'compaction.context.source': string('nodejs'),
    'compaction.context.sampled': string('unknown'),
    'thread.id': int(24380),
    'thread.name': string('summ'),
    'cpu.logical_number': int(1),
    'container.id': string('4a1f6f2b9c0d'),
  });
  assert.equal(Object.keys(span.attributes).length, SPAN_ATTRIBUTES.length);
});

test('an index is a double on the wire whatever its value', async () => {
  const indexes = [-1, 0, 1, 0.001, 0.999, 0.5, 0.728];
  const events = indexes.map((index, n) => {
    const { begin, end } = event();
    return event(n, { begin: { ...begin, index }, end: { ...end, index: -index } });
  });
  const spans = await send(events);
  spans.forEach((span, n) => {
    assert.deepEqual(span.attributes['compaction.fragmentation_index.begin'], double(indexes[n]!));
    assert.deepEqual(span.attributes['compaction.fragmentation_index.end'], double(-indexes[n]!));
  });
});

test('a string that holds a serialized double is left alone', async () => {
  const executable = 'compaction.fragmentation_index.begin\x12\x09!\x01\x00\x00\x00\x00\x00\x00\x00';
  const [span] = await send([event(0, { executable })]);
  assert.equal(span?.attributes['process.executable.name']?.value, executable);
});

test('unknown attributes are absent', async () => {
  const full = event();
  const { priority: _p, attempt: _a, executable: _e, container: _c, ...rest } = full;
  const manual = {
    ...rest,
    trigger: 'manual',
    order: -1,
    begin: { ...full.begin, index: null },
    end: { ...full.end, index: null },
    stack: [],
  } satisfies CompactionEvent;
  const [span] = await send([manual]);
  const absent = SPAN_ATTRIBUTES.filter(({ name }) => !(name in span!.attributes)).map(({ name }) => name);
  assert.deepEqual(absent, [
    'compaction.priority',
    'compaction.attempt',
    'compaction.fragmentation_index.begin',
    'compaction.fragmentation_index.end',
    'compaction.stack.omitted',
    'process.executable.name',
    'compaction.context.source',
    'compaction.context.sampled',
    'container.id',
  ]);
  assert.deepEqual(span?.attributes['compaction.order'], int(-1));
  assert.equal(span?.name, 'compaction manual');
  assert.deepEqual(span?.events, []);
});

test('ids, times, kind, status and scope are exact', async () => {
  const events = [
    event(0),
    event(1, { startUnixNano: '1795441812999999999', durationNano: 1 }),
    event(2, { startUnixNano: '1795441812000000000', durationNano: 999_999_999 }),
    event(3, { startUnixNano: '1795441812000000001', durationNano: 125_999_999_999 }),
    event(4, { durationNano: 0 }),
    event(5, { startUnixNano: '999999999', durationNano: 2 }),
  ];
  const spans = await send(events);
  for (const [n, { traceId, spanId, startUnixNano, durationNano }] of events.entries()) {
    const span = spans[n]!;
    assert.deepEqual([span.traceId, span.spanId, span.parentSpanId], [traceId, spanId, '']);
    assert.equal(span.start, startUnixNano);
    assert.equal(span.end, String(BigInt(startUnixNano) + BigInt(durationNano)));
    assert.deepEqual([span.name, span.kind, span.status], ['compaction direct', 1, 0]);
    assert.equal(span.scope.name, 'compactstall');
    assert.match(span.scope.version, /^\d+\.\d+\.\d+/);
  }
});

test('a stall within a sampled span is its child, in its trace', async () => {
  const { traceId, spanId } = CONTEXT;
  const [span] = await send([event(0, { traceId, context: { ...CONTEXT, flags: 1, relation: 'child' } })]);
  assert.deepEqual([span!.traceId, span!.parentSpanId, span!.spanId], [traceId, spanId, event().spanId]);
  assert.equal(span!.flags, 0x301);
  assert.deepEqual(span!.links, []);
  assert.deepEqual(span!.attributes['compaction.context.sampled'], string('true'));
});

test('a child of a span that is not known to be sampled says so; for a sampler its parent was sampled', async () => {
  const { traceId, spanId } = CONTEXT;
  const child = event(0, { traceId, context: { ...CONTEXT, relation: 'child' } });
  const link = event(1, { context: CONTEXT });
  const spans = await send([child, link], { OTEL_TRACES_SAMPLER: 'parentbased_always_off' });
  assert.deepEqual(
    spans.map(({ parentSpanId, attributes }) => [parentSpanId, attributes['compaction.context.sampled']]),
    [[spanId, string('unknown')]],
  );
});

test('a stall within a span that is not known to be sampled is a root with a link to it', async () => {
  const { traceId, spanId } = CONTEXT;
  const [span] = await send([event(0, { context: CONTEXT })]);
  assert.deepEqual([span!.traceId, span!.parentSpanId], [event().traceId, '']);
  assert.equal(span!.flags, 0x101);
  assert.deepEqual(span!.links, [{ traceId, spanId, flags: 0x300 }]);
  assert.deepEqual(span!.attributes['compaction.context.sampled'], string('unknown'));
});

test('what the application says of its span is said of the stall, but never instead of the agent', async () => {
  const said = {
    'datadog.local_root_span_id': '00f067aa0ba902b7',
    'http.route': '/\x1b',
    'process.pid': '1',
    'code.stacktrace': '',
  };
  const [span] = await send([event(0, { context: { ...CONTEXT, attributes: said } })]);
  assert.deepEqual(span!.attributes['datadog.local_root_span_id'], string('00f067aa0ba902b7'));
  assert.deepEqual(span!.attributes['http.route'], string('/\x1b'));
  assert.deepEqual(span!.attributes['process.pid'], int(event().pid));
  assert.equal(span!.attributes['code.stacktrace'], undefined);
  const env = { OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT: '4' };
  const [cut] = await send([event(0, { context: { ...CONTEXT, attributes: said } })], env);
  assert.deepEqual(cut!.attributes['datadog.local_root_span_id'], string('00f0'));
});

test('the stack goes where it is wanted', async () => {
  const { stack } = event();
  const text = string(stack.join('\n'));
  for (const place of ['event', 'attribute', 'both', 'none'] as const) {
    const [span] = await send([event()], {}, { stack: place });
    const onSpan = place === 'attribute' || place === 'both';
    assert.deepEqual(span?.attributes['code.stacktrace'], onSpan ? text : undefined, place);
    const onEvent = [{ time: span?.end, name: 'kernel.stack', attributes: { 'code.stacktrace': text } }];
    assert.deepEqual(span?.events, place === 'event' || place === 'both' ? onEvent : [], place);
  }
});

test('limits of the environment apply, and the span counts what they cut', async () => {
  const [cut] = await send([event()], { OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT: '5' }, { stack: 'both' });
  assert.equal(cut?.attributes['code.stacktrace']?.value, 'compa');
  assert.equal(cut?.events[0]?.attributes['code.stacktrace']?.value, 'compa');
  assert.deepEqual(cut?.attributes['process.pid'], int(24376));

  const [few] = await send([event(0, { context: CONTEXT, stackOmitted: 'failed' })], {
    OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT: '3',
    OTEL_SPAN_EVENT_COUNT_LIMIT: '0',
  });
  assert.deepEqual(Object.keys(few!.attributes), ['compaction.trigger', 'compaction.status', 'compaction.node']);
  assert.equal(few?.droppedAttributes, SPAN_ATTRIBUTES.length - 3);
  assert.deepEqual([few?.events, few?.droppedEvents], [[], 1]);
});

test('the resource names service and host', async () => {
  const [usual] = await send([event()]);
  assert.deepEqual(usual?.resource['service.name'], string('compactstall'));
  const [named] = await send([event()], {
    OTEL_SERVICE_NAME: 'node-7',
    OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=prod',
    OTEL_NODE_RESOURCE_DETECTORS: 'env',
  });
  assert.deepEqual(named?.resource['service.name'], string('node-7'));
  assert.deepEqual(named?.resource['deployment.environment.name'], string('prod'));
  for (const { resource } of [usual, named] as WireSpan[]) {
    for (const name of ['host.name', 'host.arch', 'os.type']) assert.equal(resource[name]?.kind, 'string', name);
    // The agent's pid beside the stalled process's would mislead.
    assert.equal(resource['process.pid'], undefined);
  }
});

test('a span that the sampler drops is counted', async () => {
  const { sink } = await sinkTo(server.port, { OTEL_TRACES_SAMPLER: 'always_off' });
  sink.write([event(), event(1)]);
  await sink.close(LONG);
  assert.deepEqual(sink.books(), { accepted: 2, exported: 0, queued: 0, dropped: { not_sampled: 2 } });
});

test('a ratio samples by trace id, the same ones each time', async () => {
  const events = Array.from({ length: 1000 }, (_, n) =>
    event(n, { traceId: ((n * 2_654_435_761) % 2 ** 32).toString(16).padStart(8, '0').repeat(4) }),
  );
  const env = { OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.25' };
  const ids = async () => {
    const before = server.spans.length;
    const { sink } = await sinkTo(server.port, env);
    sink.write(events);
    await sink.close(LONG);
    const { exported, dropped } = sink.books();
    assert.equal(exported + dropped.not_sampled!, 1000);
    return server.spans.slice(before).map(({ traceId }) => traceId);
  };
  const first = await ids();
  assert.ok(first.length > 0 && first.length < 1000);
  assert.deepEqual(await ids(), first);
});

test('compactions that were not recorded are a span, too, of the agent itself', async () => {
  const resource = { 'service.name': 'shop' };
  const [compaction, span] = await send([event(0, { resource }), notRecorded()], { OTEL_SERVICE_NAME: 'the-agent' });
  assert.equal(compaction?.name, 'compaction direct');
  assert.equal(span?.name, 'compactions not recorded');
  assert.deepEqual(span.attributes, {
    'compaction.not_recorded.count': int(8317),
    'compaction.not_recorded.duration': int(402_118_442),
    'compaction.not_recorded.longest': int(182_044),
    'compaction.not_recorded.reason': string('rate'),
    'compaction.not_recorded.limit': int(200),
  });
  assert.deepEqual([span.traceId, span.spanId, span.parentSpanId], ['d'.repeat(32), 'c'.repeat(16), '']);
  assert.equal(BigInt(span.end) - BigInt(span.start), 1_003_000_001n);
  assert.deepEqual(span.events, []);
  assert.deepEqual(span.resource['service.name'], string('the-agent'));
});
