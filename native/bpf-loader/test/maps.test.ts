// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bpfError, loadCounter } from './support.ts';

function entry(key: number, value: bigint): [key: Buffer, value: Buffer] {
  const bytes = Buffer.alloc(12);
  bytes.writeUInt32LE(key);
  bytes.writeBigUInt64LE(value, 4);
  return [bytes.subarray(0, 4), bytes.subarray(4)];
}

function sorted(map: Buffer): (readonly [key: number, value: bigint])[] {
  const entries = Array.from(
    { length: map.length / 12 },
    (_, i) => [map.readUInt32LE(i * 12), map.readBigUInt64LE(i * 12 + 4)] as const,
  );
  return entries.sort(([a], [b]) => a - b);
}

test('readMap() returns what is in a hash map, from none to as many as fit', (t) => {
  const object = loadCounter();
  t.after(() => object.close());
  const expected: [number, bigint][] = [];
  for (const [key, value] of [
    [7, 70n],
    [0, 2n ** 64n - 1n],
    [2 ** 32 - 1, 0n],
  ] as const) {
    assert.deepEqual(
      sorted(object.readMap('table')),
      expected.toSorted(([a], [b]) => a - b),
    );
    object.updateMap('table', ...entry(key, value));
    expected.push([key, value]);
  }
  assert.deepEqual(
    sorted(object.readMap('table')),
    expected.toSorted(([a], [b]) => a - b),
  );
  object.deleteFromMap('table', entry(7, 0n)[0]);
  assert.deepEqual(
    sorted(object.readMap('table')).map(([key]) => key),
    [0, 2 ** 32 - 1],
  );
});

test('readMap() of 50 000 entries: each once', (t) => {
  const entries = 50_000;
  const object = loadCounter({ mapSizes: { table: entries } });
  t.after(() => object.close());
  for (let i = 0; i < entries; i++) object.updateMap('table', ...entry(i, BigInt(i) ** 2n));
  const found = sorted(object.readMap('table'));
  // Of lists of different lengths, and of this length, a difference would be searched for minutes.
  assert.equal(found.length, entries);
  for (const [i, one] of found.entries()) assert.deepEqual(one, [i, BigInt(i) ** 2n]);
});

test('readMap() refuses other maps', (t) => {
  const object = loadCounter();
  t.after(() => object.close());
  for (const name of ['ring', 'nope']) {
    assert.throws(
      () => object.readMap(name),
      bpfError('UNKNOWN_NAME', new RegExp(`no hash map '${name}'.*It has: table`)),
    );
  }
});
