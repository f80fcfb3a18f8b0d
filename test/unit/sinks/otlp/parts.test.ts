// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backoffMs } from '../../../../src/sinks/otlp/backoff.ts';
import { Queue } from '../../../../src/sinks/otlp/queue.ts';

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
  queue.push(pushed++);
  queue.push(pushed++);
  const first = queue.peek()!;
  queue.skip();
  queue.putBack([first]);
  assert.equal(queue.peek(), first);
  assert.equal(queue.length, pushed - taken);
  queue.clear();
  assert.deepEqual([queue.length, queue.peek()], [0, undefined]);
});

test('backoff grows to its limit and honours a requested delay', () => {
  const backoff = { firstMs: 1_000, maxMs: 30_000 };
  for (let tries = 0; tries < 2_000; tries++) {
    const ms = backoffMs(tries, backoff);
    assert.ok(ms >= 50 && ms <= Math.min(30_000, 1_000 * 2 ** tries));
    assert.ok(backoffMs(tries, backoff, 5_000) >= 5_000);
    assert.ok(backoffMs(tries, backoff, 1e12) <= 603_000);
  }
});
