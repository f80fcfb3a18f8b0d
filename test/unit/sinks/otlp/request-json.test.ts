// SPDX-License-Identifier: Apache-2.0
/** OTLP/JSON, compared with what protobufjs reads in the same bytes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resourceFromAttributes } from '@opentelemetry/resources';
import type { CompactionEvent } from '../../../../src/event/event.ts';
import { readLimits } from '../../../../src/sinks/otlp/limits.ts';
import { requestJson } from '../../../../src/sinks/otlp/request-json.ts';
import { RequestWriter } from '../../../../src/sinks/otlp/request-writer.ts';
import { event, events } from './events.ts';
import { encodeRequest, requestObject } from './wire.ts';

const RESOURCE = resourceFromAttributes({ 'service.name': 'größe', n: 1, share: 0.5, yes: true, list: ['a', 'b'] });

function requestOf(all: readonly CompactionEvent[]): Uint8Array {
  const scope = { name: 'compactstall', version: '1.2.3' };
  const limits = readLimits({});
  const writer = new RequestWriter({ stack: 'both', limits, sampler: undefined, scope, resourceOf: () => RESOURCE });
  for (const one of all) assert.equal(writer.add(one), 'added');
  return writer.finish().bytes;
}

/** Where OTLP/JSON differs from protobuf's mapping: ids are hexadecimal. All bytes in the tests' description are ids. */
function expected(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  if (Array.isArray(value)) return value.map(expected);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, expected(item)]));
}

const same = (bytes: Uint8Array) => assert.deepEqual(JSON.parse(requestJson(bytes)), expected(requestObject(bytes)));

test('requests of the agent: children, links, stacks, resources', () => {
  const context = { source: 'thread', traceId: 'ab'.repeat(16), spanId: '0cd'.padStart(16, '0'), flags: 1 } as const;
  const mixed = [
    ...events(7),
    event(8, { context: { ...context, relation: 'child' }, comm: 'größe \u{1F4A5}"\n' }),
    event(9, { context: { ...context, relation: 'link' }, stack: [] }),
  ];
  const bytes = requestOf(mixed);
  same(bytes);
  const line = requestJson(bytes);
  assert.ok(!line.includes('\n'));
  const [{ scopeSpans }] = JSON.parse(line).resourceSpans;
  const span = scopeSpans[0].spans[0];
  assert.deepEqual(
    [span.traceId, span.spanId, span.startTimeUnixNano, span.kind],
    [event(0).traceId, event(0).spanId, event(0).startUnixNano, 1],
  );
});

test('numbers to the last digit, and every form of a value', () => {
  const values = [
    ...['9223372036854775807', '-9223372036854775808', '9007199254740993', '-1', '0'].map((intValue) => ({ intValue })),
    ...[0.728, -1, 1e308, Number.NaN, Number.NEGATIVE_INFINITY].map((doubleValue) => ({ doubleValue })),
    { stringValue: '' },
    { boolValue: false },
    { arrayValue: { values: [{ stringValue: 'a' }, { arrayValue: { values: [{ boolValue: true }] } }] } },
  ];
  const span = {
    traceId: Buffer.from('00ff'.repeat(8), 'hex'),
    spanId: Buffer.from('00ff'.repeat(4), 'hex'),
    parentSpanId: Buffer.alloc(8, 1),
    startTimeUnixNano: '18446744073709551615',
    endTimeUnixNano: '1795441812325118373',
    attributes: values.map((value, i) => ({ key: `k${i}`, value })),
    droppedAttributesCount: 4_294_967_295,
    flags: 0xffff_ffff,
    status: { code: 2, message: 'x' },
    links: [{ traceId: Buffer.alloc(16, 2), spanId: Buffer.alloc(8, 3), flags: 0x301 }],
  };
  same(encodeRequest({ resourceSpans: [{ scopeSpans: [{ spans: [span, { name: 'second' }] }] }, {}] }));
  same(new Uint8Array());
});

test('what is no request: an error that says so, and no other one', () => {
  const bytes = requestOf(events(2));
  for (const wrong of [bytes.subarray(0, -1), Buffer.from('<html>'), Buffer.from([0x08, 0x01])]) {
    assert.throws(() => requestJson(wrong), RangeError);
  }
});
