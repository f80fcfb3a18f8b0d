// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
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

  it('is like a list in which what is used goes to the end', () => {
    const key = fc.integer({ min: 0, max: 6 });
    const step = fc.tuple(fc.constantFrom('get', 'set', 'delete', 'peek'), key);
    fc.assert(
      fc.property(fc.array(step, { minLength: 40, maxLength: 60 }), (steps) => {
        const evicted: number[] = [];
        const expectedEvicted: number[] = [];
        const lru = new Lru<number, number>(4, (key) => evicted.push(key));
        let list: [key: number, value: number][] = [];
        for (const [i, [what, key]] of steps.entries()) {
          const found = list.find(([one]) => one === key);
          const others = list.filter((one) => one !== found);
          if (what === 'get') {
            assert.equal(lru.get(key), found?.[1]);
            if (found) list = [...others, found];
          } else if (what === 'set') {
            lru.set(key, i);
            if (others.length === 4) expectedEvicted.push(others.shift()![0]);
            list = [...others, [key, i]];
          } else if (what === 'delete') {
            assert.equal(lru.delete(key), found !== undefined);
            list = others;
          } else {
            assert.equal(lru.peek(key), found?.[1]);
          }
          assert.deepEqual(
            [...lru.values()],
            list.map(([, value]) => value),
          );
          assert.deepEqual([lru.size, lru.oldest()], [list.length, list[0]]);
        }
        assert.deepEqual(evicted, expectedEvicted);
      }),
    );
  });
});
