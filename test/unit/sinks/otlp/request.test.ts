// SPDX-License-Identifier: Apache-2.0
// The bytes of requests, read by protobufjs and compared with their events.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emptyResource, resourceFromAttributes } from '@opentelemetry/resources';
import type { AgentEvent, CompactionEvent, TraceContext } from '../../../../src/event/event.ts';
import { CONTEXT_SOURCES, TRIGGERS } from '../../../../src/event/event.ts';
import { SPAN_ATTRIBUTES } from '../../../../src/sinks/otlp/attributes.ts';
import { readLimits } from '../../../../src/sinks/otlp/limits.ts';
import { splitRequest } from '../../../../src/sinks/otlp/request-splitter.ts';
import { RequestWriter, type SpanOptions } from '../../../../src/sinks/otlp/request-writer.ts';
import { event, events } from './events.ts';
import { decodeRequest, type Values, type WireSpan } from './wire.ts';

const FOUR_MIB = 4 * 1024 * 1024;
const RESOURCE = resourceFromAttributes({ 'service.name': 'größe', n: 1, share: 0.5, yes: true, list: ['a', 'b'] });

const options = (change: Partial<SpanOptions> = {}): SpanOptions => ({
  stack: 'both',
  limits: readLimits({}),
  sampler: undefined,
  scope: { name: 'compactstall', version: '1.2.3' },
  resourceOf: () => RESOURCE,
  ...change,
});

const pidOf = (one: AgentEvent) => (one as CompactionEvent).pid;

/** All requests that these events fill. */
function requestsOf(writer: RequestWriter, all: readonly CompactionEvent[], maxSpans = 512) {
  const requests = [];
  for (const one of all) {
    if (writer.spans === maxSpans) requests.push(writer.finish());
    if (writer.add(one) !== 'full') continue;
    requests.push(writer.finish());
    assert.equal(writer.add(one), 'added');
  }
  requests.push(writer.finish());
  return requests;
}

/** The same events each time, so that a failure can be repeated. */
function generator(seed: number) {
  const below = (limit: number) => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((seed / 2 ** 32) * limit);
  };
  const one = <T>(...choices: T[]): T => choices[below(choices.length)]!;
  const big = Number.MAX_SAFE_INTEGER;
  const int = () => one(0, 1, 9, 127, 128, 16_384, 2 ** 31, 2 ** 32 - 1, 2 ** 32, big, -1, -129, -(2 ** 32), -big);
  const unit = () => one('a', '~', ' ', '\n', '\0', 'é', '漢', '\u{1F4A5}', '\ud800', '\udfff');
  const text = (most = 70) => Array.from({ length: one(0, 1, below(most)) }, unit).join('');
  const list = <T>(lengths: number[], make: () => T) => Array.from({ length: one(...lengths) }, make);
  const index = () => one(null, -1, 0, 1, 0.001, 0.728, 0.999, -0.5);
  const zone = () => ({ free: int(), index: index(), blocks: list([0, 1, 11, 64], int) });
  const hex = (digits: number) => Array.from({ length: digits }, () => below(16).toString(16)).join('');
  const context = (): TraceContext => ({
    source: one(...CONTEXT_SOURCES),
    traceId: hex(32),
    spanId: hex(16),
    flags: below(256),
    relation: one('child', 'link'),
  });
  return (): CompactionEvent => {
    const { executable: _e, container: _c, priority: _p, attempt: _a, ...rest } = event();
    return {
      ...rest,
      startUnixNano: one('0', '1', '999999999', '1000000000', '1795441812325118373', '18446744073709551615'),
      durationNano: one(0, 1, 999_999_999, 2 ** 32 - 1, 2 ** 32, 125_000_000_001, big),
      trigger: one(...TRIGGERS),
      pid: int(),
      tid: int(),
      comm: text(16),
      ...(one(true, false) && { executable: text(400) }),
      ...(one(true, false) && { container: text() }),
      ...(one(true, false) && { context: context() }),
      ...(one(true, false) && { priority: text() }),
      ...(one(true, false) && { attempt: text() }),
      cpu: int(),
      cgroupId: text(),
      node: int(),
      zone: text(),
      order: one(-1, 0, 9, 10),
      gfp: list([0, 1, 32], text),
      watermark: { min: int(), low: int(), high: int() },
      begin: zone(),
      end: zone(),
      scanned: { migrate: int(), free: int() },
      stack: list([0, 1, 14, 64], () => text(512)),
      traceId: hex(32),
      spanId: hex(16),
    };
  };
}

/** Lone surrogates become U+FFFD. */
const utf8 = (text: string) => Buffer.from(text).toString();

function valuesOf(one: CompactionEvent): Values {
  const values: Values = {};
  for (const { name, type, get } of SPAN_ATTRIBUTES) {
    const value = get(one);
    // An empty value, such as the name of a nameless thread, is not sent.
    if (value === undefined || value === null || value === '') continue;
    if (type === 'string') values[name] = { kind: 'string', value: utf8(value as string) };
    else if (type === 'double') values[name] = { kind: 'double', value };
    else if (type === 'int') values[name] = { kind: 'int', value: String(value) };
    else values[name] = { kind: 'array', value: (value as number[]).map((n) => ({ kind: 'int', value: String(n) })) };
  }
  return values;
}

function assertSpan(span: WireSpan, one: CompactionEvent): void {
  const { traceId, spanId, startUnixNano, durationNano, stack, trigger, context } = one;
  const child = context?.relation === 'child';
  const end = String(BigInt.asUintN(64, BigInt(startUnixNano) + BigInt(durationNano)));
  const trace: Values =
    stack.length > 0 ? { 'code.stacktrace': { kind: 'string', value: utf8(stack.join('\n')) } } : {};
  assert.deepEqual(span, {
    traceId,
    spanId,
    parentSpanId: child ? context.spanId : '',
    name: `compaction ${trigger}`,
    kind: 1,
    start: startUnixNano,
    end,
    attributes: { ...valuesOf(one), ...trace },
    droppedAttributes: 0,
    droppedEvents: 0,
    events: stack.length > 0 ? [{ time: end, name: 'kernel.stack', attributes: trace }] : [],
    status: 0,
    flags: child ? 0x301 : 0x101,
    links:
      context?.relation === 'link'
        ? [{ traceId: context.traceId, spanId: context.spanId, flags: 0x300 | context.flags }]
        : [],
    resource: {
      'service.name': { kind: 'string', value: 'größe' },
      n: { kind: 'int', value: '1' },
      share: { kind: 'double', value: 0.5 },
      yes: { kind: 'bool', value: true },
      list: { kind: 'array', value: ['a', 'b'].map((value) => ({ kind: 'string', value })) },
    },
    scope: span.scope,
  });
  assert.equal(span.scope.name, 'compactstall');
  assert.equal(span.scope.version, '1.2.3');
}

test('every field of an event arrives', () => {
  const random = generator(20_261_123);
  const all = Array.from({ length: 2_000 }, random);
  const taken = requestsOf(new RequestWriter(options()), all, 100);
  const spans = taken.flatMap(({ bytes }) => decodeRequest(bytes));
  assert.equal(spans.length, all.length);
  for (const [n, span] of spans.entries()) assertSpan(span, all[n]!);
});

test('spans are grouped by resource, in their order, and the size is exact', () => {
  const names = ['one', 'two', 'three'];
  const resources = names.map((name) => resourceFromAttributes({ 'service.name': name }));
  const writer = new RequestWriter(options({ resourceOf: (one) => resources[pidOf(one) % 3]! }));
  const all = events(300).map((one, n) => ({ ...one, pid: n % 7 }));
  const [{ bytes, spans }] = requestsOf(writer, all) as [ReturnType<RequestWriter['finish']>];
  assert.equal(spans, 300);
  const decoded = decodeRequest(bytes);
  const byResource = [0, 1, 2].flatMap((rest) => all.filter(({ pid }) => pid % 3 === rest));
  assert.deepEqual(
    decoded.map(({ spanId }) => spanId),
    byResource.map(({ spanId }) => spanId),
  );
  for (const [n, { resource }] of decoded.entries()) {
    assert.equal(resource['service.name']?.value, names[byResource[n]!.pid % 3]);
  }
});

test('a request is as full as possible below 4 MiB; the rest comes in the next', () => {
  const resources = [emptyResource(), RESOURCE];
  const writer = new RequestWriter(options({ stack: 'event', resourceOf: (one) => resources[pidOf(one) % 2]! }));
  // One byte more or less each time, so that some request ends within a few bytes of the limit.
  const all = events(400).map((one, n) => ({ ...one, pid: n, stack: ['é'.repeat(20_000 + n)] }));
  const taken = requestsOf(writer, all);
  assert.equal(
    taken.reduce((sum, { spans }) => sum + spans, 0),
    400,
  );
  for (const [n, { bytes }] of taken.entries()) {
    assert.ok(bytes.length < FOUR_MIB);
    if (n < taken.length - 1) assert.ok(bytes.length > FOUR_MIB - 50_000, String(bytes.length));
  }
  const ids = taken.flatMap(({ bytes }) => decodeRequest(bytes).map(({ spanId }) => spanId));
  assert.equal(new Set(ids).size, 400);
});

test('the largest span that fits has 4 MiB less one byte', () => {
  const writer = new RequestWriter(options({ stack: 'event' }));
  const sizeWith = (length: number) => {
    const added = writer.add(event(0, { stack: ['x'.repeat(length)] }));
    return { added, ...writer.finish() };
  };
  const some = sizeWith(4_000_000);
  const most = 4_000_000 + FOUR_MIB - 1 - some.bytes.length;
  assert.deepEqual([sizeWith(most).spans, sizeWith(most).bytes.length], [1, FOUR_MIB - 1]);
  assert.deepEqual([sizeWith(most + 1).spans, sizeWith(most + 1).added], [0, 'too_large']);
});

test('a request stays as it is when the next is made', () => {
  const writer = new RequestWriter(options());
  const [first] = requestsOf(writer, events(3));
  const copy = Buffer.from(first!.bytes);
  requestsOf(writer, events(512, { comm: 'another' }));
  assert.ok(copy.equals(first!.bytes));
});

test('a request that is split has the same spans in order, each with its resource, in requests below the limit', () => {
  const resources = [RESOURCE, resourceFromAttributes({ 'service.name': 'other' }, { schemaUrl: 'https://schema' })];
  const writer = new RequestWriter(options({ resourceOf: (one) => resources[pidOf(one) % 2]! }));
  for (const [n, one] of events(301).entries()) writer.add({ ...one, pid: n });
  const whole = writer.finish();
  const limit = Math.floor(whole.bytes.length / 5);
  const parts = splitRequest(whole, limit);
  assert.ok(parts.length >= 5);
  for (const { bytes, spans } of parts) {
    assert.ok(bytes.length < limit, String(bytes.length));
    assert.equal(decodeRequest(bytes).length, spans);
  }
  assert.deepEqual(
    parts.flatMap(({ bytes }) => decodeRequest(bytes)),
    decodeRequest(whole.bytes),
  );
  assert.deepEqual(splitRequest(whole, whole.bytes.length + 1), [whole]);
  assert.ok(
    splitRequest(whole, 1).every(({ spans }) => spans === 1),
    'a single span stays as it is',
  );
});

test('values are cut by UTF-16 units, also through the middle of a character', () => {
  const limits = { ...options().limits, valueLength: 4 };
  const writer = new RequestWriter(options({ limits }));
  const [taken] = requestsOf(writer, [event(0, { comm: 'abc\u{1F4A5}', executable: '漢漢漢漢漢' })]);
  const [span] = decodeRequest(taken!.bytes);
  assert.equal(span?.attributes['thread.name']?.value, 'abc\ufffd');
  assert.equal(span?.attributes['process.executable.name']?.value, '漢漢漢漢');
  assert.equal(span?.attributes['code.stacktrace']?.value, 'comp');
});
