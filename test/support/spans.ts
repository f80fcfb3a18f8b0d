// SPDX-License-Identifier: Apache-2.0
/** The expected span of an event in a real receiver. */
import assert from 'node:assert/strict';
import type { ReceivedSpan } from '../../harness/receivers/otlp.ts';
import type { CompactionEvent } from '../../src/event/event.ts';

/** Every attribute with its type on the wire and its value. This repeats the agent's list on purpose. */
function expectedAttributes(event: CompactionEvent): Record<string, [kind: string, value: unknown]> {
  const int = (value: number): [string, unknown] => ['intValue', value];
  const text = (value: string): [string, unknown] => ['stringValue', value];
  const double = (value: number): [string, unknown] => ['doubleValue', value];
  return {
    'compaction.trigger': text(event.trigger),
    'compaction.status': text(event.status),
    'compaction.node': int(event.node),
    'compaction.zone': text(event.zone),
    'compaction.order': int(event.order),
    'compaction.mode': text(event.mode),
    ...(event.gfp.length > 0 && { 'compaction.gfp_flags': text(event.gfp.join('|')) }),
    ...(event.priority !== undefined && { 'compaction.priority': text(event.priority) }),
    ...(event.attempt !== undefined && { 'compaction.attempt': text(event.attempt) }),
    'compaction.watermark.min': int(event.watermark.min),
    'compaction.watermark.low': int(event.watermark.low),
    'compaction.watermark.high': int(event.watermark.high),
    'compaction.free_pages.begin': int(event.begin.free),
    'compaction.free_pages.end': int(event.end.free),
    ...(event.begin.index !== null && { 'compaction.fragmentation_index.begin': double(event.begin.index) }),
    ...(event.end.index !== null && { 'compaction.fragmentation_index.end': double(event.end.index) }),
    'compaction.free_blocks.begin': ['arrayValue', event.begin.blocks],
    'compaction.free_blocks.end': ['arrayValue', event.end.blocks],
    'compaction.pages_scanned.migrate': int(event.scanned.migrate),
    'compaction.pages_scanned.free': int(event.scanned.free),
    'process.pid': int(event.pid),
    ...(event.executable !== undefined && { 'process.executable.name': text(event.executable) }),
    'thread.id': int(event.tid),
    ...(event.comm !== '' && { 'thread.name': text(event.comm) }),
    ...(event.container !== undefined && { 'container.id': text(event.container) }),
    'cpu.logical_number': int(event.cpu),
    'compaction.cgroup.id': text(event.cgroupId),
  };
}

/** Asserts that a span is that of an event, with nothing else in it. */
export function assertSpan(
  { span, attributes, events, start, end, scope }: ReceivedSpan,
  event: CompactionEvent,
): void {
  assert.equal(span.name, `compaction ${event.trigger}`);
  assert.equal(span.kind, 1, 'INTERNAL');
  assert.equal(span.traceId, event.traceId);
  assert.equal(span.spanId, event.spanId);
  assert.equal(span.parentSpanId || undefined, undefined);
  assert.equal(start, BigInt(event.startUnixNano));
  assert.equal(end, start + BigInt(event.durationNano));
  assert.equal(scope.name, 'compactstall');

  const expected = expectedAttributes(event);
  const kinds = Object.fromEntries(
    (span.attributes ?? []).map(({ key, value }) => [key, Object.keys(value as object).join()]),
  );
  const expectedKinds = Object.fromEntries(Object.entries(expected).map(([name, [kind]]) => [name, kind]));
  assert.deepEqual(kinds, expectedKinds);
  const expectedValues = Object.fromEntries(Object.entries(expected).map(([name, [, value]]) => [name, value]));
  assert.deepEqual({ ...attributes }, expectedValues);

  if (event.stack.length === 0) {
    assert.deepEqual(events, []);
  } else {
    assert.equal(events.length, 1);
    assert.equal(events[0]!.name, 'kernel.stack');
    assert.deepEqual({ ...events[0]!.attributes }, { 'code.stacktrace': event.stack.join('\n') });
  }
}

/** Asserts that all spans have come, and none twice. */
export function assertSpans(spans: readonly ReceivedSpan[], events: readonly CompactionEvent[]): void {
  assert.equal(spans.length, events.length);
  const byId = new Map(spans.map((received) => [received.span.spanId, received]));
  assert.equal(byId.size, events.length);
  for (const event of events) assertSpan(byId.get(event.spanId)!, event);
}
