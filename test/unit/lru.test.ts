// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Lru } from '../../src/lru.ts';

function filled(most: number, evicted: string[] = []): Lru<string, number> {
  const lru = new Lru<string, number>(most, (key, value) => evicted.push(`${key}${value}`));
  for (const [index, key] of ['a', 'b', 'c'].entries()) lru.set(key, index);
  return lru;
}

describe('least recently used', () => {
  it('the oldest makes room for a new one, and is reported', () => {
    const evicted: string[] = [];
    const lru = filled(3, evicted);
    assert.deepEqual(evicted, []);
    lru.set('d', 3);
    assert.deepEqual(evicted, ['a0']);
    assert.equal(lru.peek('a'), undefined);
    assert.deepEqual([lru.size, lru.oldest()], [3, ['b', 1]]);
  });

  it('the oldest is removed before it is reported, and the new one is not there yet', () => {
    const seen: unknown[] = [];
    const lru: Lru<string, number> = new Lru(1, () => seen.push(lru.size, lru.peek('b')));
    lru.set('a', 0);
    lru.set('b', 1);
    assert.deepEqual(seen, [0, undefined]);
  });

  it('get() and set() are a use, peek() is not', () => {
    const lru = filled(3);
    assert.equal(lru.get('a'), 0);
    assert.equal(lru.oldest()![0], 'b');
    lru.set('b', 7);
    assert.deepEqual(lru.oldest(), ['c', 2]);
    assert.equal(lru.peek('c'), 2);
    assert.equal(lru.oldest()![0], 'c');
    assert.equal(lru.get('x'), undefined);
    assert.equal(lru.size, 3);
  });

  it('a replaced value removes no other', () => {
    const evicted: string[] = [];
    const lru = filled(3, evicted);
    lru.set('a', 8);
    assert.deepEqual(evicted, []);
    assert.equal(lru.peek('a'), 8);
  });

  it('makes a missing value, once', () => {
    const lru = filled(3);
    let made = 0;
    for (const key of ['a', 'd', 'd']) lru.getOrMake(key, () => ++made + 100);
    assert.equal(made, 1);
    assert.equal(lru.peek('d'), 101);
    assert.throws(() => lru.getOrMake('e', () => assert.fail('no')), /no/);
    assert.equal(lru.peek('e'), undefined);
  });

  it('a deleted value leaves room, and is not reported', () => {
    const evicted: string[] = [];
    const lru = filled(3, evicted);
    assert.equal(lru.delete('b'), true);
    assert.equal(lru.delete('b'), false);
    lru.set('d', 3);
    assert.deepEqual(evicted, []);
    lru.clear();
    assert.deepEqual([lru.size, lru.oldest()], [0, undefined]);
    assert.deepEqual(evicted, []);
  });
});
