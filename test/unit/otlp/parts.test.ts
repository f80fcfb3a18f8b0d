// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import { emptyResource } from '@opentelemetry/resources';
import { backoffMs } from '../../../src/sinks/otlp/backoff.ts';
import { readLimits } from '../../../src/sinks/otlp/limits.ts';
import { Queue } from '../../../src/sinks/otlp/queue.ts';
import { spanSizeBound } from '../../../src/sinks/otlp/size.ts';
import { spanOf } from '../../../src/sinks/otlp/span.ts';
import { endTime, startTime } from '../../../src/sinks/otlp/time.ts';
import { event } from './events.ts';

test('a span is never larger than its bound', () => {
  const resource = emptyResource();
  const scope = { name: 'x', version: '1' };
  const limits = readLimits({}, () => {});
  const maker = { stack: 'both' as const, limits, sampler: undefined, scope, resourceOf: () => resource };
  const big = Number.MAX_SAFE_INTEGER;
  const blocks = Array.from({ length: 64 }, () => -big);
  const zone = { free: -big, index: 1, blocks };
  for (const change of [
    {},
    { stack: ['漢字'.repeat(20_000), '\u{1F4A5}'.repeat(9_999)] },
    { comm: '\u{1F4A5}'.repeat(5_000), executable: '\ud800'.repeat(5_000), gfp: ['ß'.repeat(10_000)] },
    { begin: zone, end: zone, pid: -big, tid: -big, node: -big, watermark: { min: -big, low: -big, high: -big } },
  ]) {
    const span = spanOf(event(0, change), maker)!;
    const size = ProtobufTraceSerializer.serializeRequest([span])!.length;
    assert.ok(size <= spanSizeBound(span) + 1024, `${size} > ${spanSizeBound(span)}`);
  }
});

test('a queue keeps order through any mixture of push and skip', () => {
  const queue = new Queue<number>();
  let pushed = 0;
  let taken = 0;
  for (let round = 0; round < 200; round++) {
    for (let n = 0; n < (round * 7) % 13; n++) queue.push(pushed++);
    for (let n = 0; n < (round * 5) % 11 && queue.length > 0; n++) {
      assert.equal(queue.peek(), taken++);
      queue.skip();
    }
    assert.equal(queue.length, pushed - taken);
  }
  queue.clear();
  assert.deepEqual([queue.length, queue.peek()], [0, undefined]);
});

test('backoff grows to its limit and honours a wish', () => {
  const backoff = { firstMs: 1_000, maxMs: 30_000 };
  for (let tries = 0; tries < 2_000; tries++) {
    const ms = backoffMs(tries, backoff);
    assert.ok(ms >= 50 && ms <= Math.min(30_000, 1_000 * 2 ** tries));
    assert.ok(backoffMs(tries, backoff, 5_000) >= 5_000);
    assert.ok(backoffMs(tries, backoff, 1e12) <= 603_000);
  }
});

test('times are seconds and nanoseconds, each in its range', () => {
  for (const [startUnixNano, durationNano, start, end] of [
    ['1795441812325118373', 14_200_123, [1795441812, 325118373], [1795441812, 339318496]],
    ['1795441812999999999', 1, [1795441812, 999999999], [1795441813, 0]],
    ['1795441812000000001', 125_999_999_999, [1795441812, 1], [1795441938, 0]],
    ['999999999', 2, [0, 999999999], [1, 1]],
    ['1000000000', 0, [1, 0], [1, 0]],
    ['12345678', 0, [0, 12345678], [0, 12345678]],
  ] as const) {
    const time = startTime(event(0, { startUnixNano }));
    assert.deepEqual(time, start);
    assert.deepEqual(endTime(time, durationNano), end);
  }
});
