// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backoffMs } from '../../../../src/sinks/otlp/backoff.ts';

test('backoff grows to its limit and honours a requested delay', () => {
  const backoff = { firstMs: 1_000, maxMs: 30_000 };
  for (let tries = 0; tries < 2_000; tries++) {
    const ms = backoffMs(tries, backoff);
    assert.ok(ms >= 50 && ms <= Math.min(30_000, 1_000 * 2 ** tries));
    assert.ok(backoffMs(tries, backoff, 5_000) >= 5_000);
    assert.ok(backoffMs(tries, backoff, 1e12) <= 603_000);
  }
});
