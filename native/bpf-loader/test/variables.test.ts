// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bpfError, calls, counters, loadCounter } from './support.ts';

/** The value of a constant after load, read back from the kernel's memory. */
function constant(name: string, value: number | bigint | boolean): Buffer {
  const object = loadCounter({ programs: [], constants: { [name]: value } });
  const bytes = object.readVariable(name);
  object.close();
  return bytes;
}

test('constants reach the program', (t) => {
  const object = loadCounter({ constants: { enabled: false } });
  t.after(() => object.close());
  object.attach();
  calls(7);
  assert.equal(counters(object).calls, 0);
});

const RANGES: [string, bigint, bigint][] = [
  ['a_byte', 0n, 255n],
  ['a_signed_byte', -128n, 127n],
  ['a_short', -32768n, 32767n],
  ['target_tid', 0n, 2n ** 32n - 1n],
  ['a_long', 0n, 2n ** 64n - 1n],
  ['a_signed_long', -(2n ** 63n), 2n ** 63n - 1n],
  ['target_call', -(2n ** 63n), 2n ** 63n - 1n],
  ['a_colour', -(2n ** 31n), 2n ** 32n - 1n],
  ['enabled', 0n, 1n],
];

for (const [name, least, most] of RANGES) {
  test(`${name} takes ${least} to ${most}`, () => {
    for (const value of [least, most]) {
      const bytes = constant(name, value);
      const bits = BigInt(bytes.length * 8);
      const read = bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
      assert.equal(read, BigInt.asUintN(Number(bits), value));
    }
    const refused = new RegExp(`does not fit '${name}', which takes ${least} to ${most}\\.`);
    for (const value of [least - 1n, most + 1n]) {
      if (value < -(2n ** 63n) || value >= 2n ** 64n) continue;
      assert.throws(() => constant(name, value), bpfError('INVALID_ARGUMENT', refused));
    }
  });
}

test('numbers, bigints and booleans', () => {
  assert.equal(constant('a_short', -2).readInt16LE(), -2);
  assert.equal(constant('a_short', -2n).readInt16LE(), -2);
  assert.equal(constant('a_short', -0).readInt16LE(), 0);
  assert.equal(constant('enabled', true)[0], 1);
  assert.equal(constant('enabled', false)[0], 0);
  assert.equal(constant('a_byte', true)[0], 1);
  assert.equal(constant('a_long', Number.MAX_SAFE_INTEGER).readBigUInt64LE(), 2n ** 53n - 1n);
});

test('unknown constants, and variables that are not constants', () => {
  const unknown = /no constant '(nope|armed|counters)'.*It has: a_byte, .*target_tid\./;
  for (const name of ['nope', 'armed', 'counters']) {
    assert.throws(() => constant(name, 1), bpfError('UNKNOWN_NAME', unknown));
  }
  assert.throws(() => constant('an_array', 1), bpfError('INVALID_ARGUMENT', /'an_array' is not an integer/));
});

test('map sizes', () => {
  assert.throws(
    () => loadCounter({ mapSizes: { nope: 1 } }),
    bpfError('UNKNOWN_NAME', /no map 'nope'.*It has: table, ring, other_ring\./),
  );
  assert.throws(() => loadCounter({ mapSizes: { 'bpf.bss': 2 } }), bpfError('UNKNOWN_NAME', /no map 'bpf.bss'/));
  assert.throws(() => loadCounter({ mapSizes: { ring: 2 ** 32 - 1 } }), bpfError('LOAD_FAILED', /map 'ring'/));
});

test('variables are read and written in place', (t) => {
  const object = loadCounter();
  t.after(() => object.close());
  assert.equal(object.readVariable('shorts').readInt16LE(), -7);
  assert.equal(object.readVariable('words').readBigUInt64LE(), 0x1122334455667788n);
  assert.deepEqual([...object.readVariable('bytes_of')], [1, 2, 3]);
  object.writeVariable('shorts', -32768);
  assert.equal(object.readVariable('shorts').readInt16LE(), -32768);
  object.writeVariable('words', 2n ** 64n - 1n);
  assert.equal(object.readVariable('words').readBigUInt64LE(), 2n ** 64n - 1n);
  assert.equal(object.readVariable('shorts').readInt16LE(), -32768, 'neighbours stay');
  assert.deepEqual([...object.readVariable('bytes_of')], [1, 2, 3]);

  object.attach();
  object.writeVariable('armed', 1);
  calls(3);
  assert.equal(object.readVariable('armed').readUInt32LE(), 0, 'the program wrote it');
  const copy = object.readVariable('counters');
  calls(3);
  assert.equal(copy.readBigUInt64LE(0), 3n, 'a copy');

  const memory = new Uint8Array(copy.length + 16).fill(7);
  const into = memory.subarray(8, -8);
  assert.equal(object.readVariable('counters', into), into);
  assert.equal(Buffer.from(into).readBigUInt64LE(0), 6n);
  assert.deepEqual([...memory.subarray(0, 8), ...memory.subarray(-8)], Array(16).fill(7), 'nothing around it');
});

test('invalid writes of variables', (t) => {
  const object = loadCounter();
  t.after(() => object.close());
  assert.throws(() => object.readVariable('nope'), bpfError('UNKNOWN_NAME', /variables armed, .* constants a_byte, /));
  for (const size of [0, 3, 5]) {
    assert.throws(
      () => object.readVariable('armed', new Uint8Array(size)),
      bpfError('WRONG_SIZE', new RegExp(`'armed' has 4 bytes, but \`into\` has ${size}\\.`)),
    );
  }
  assert.throws(() => object.writeVariable('nope', 1), bpfError('UNKNOWN_NAME', /no global variable 'nope'/));
  assert.throws(() => object.writeVariable('enabled', 1), bpfError('INVALID_ARGUMENT', /'enabled' is a constant/));
  assert.throws(() => object.writeVariable('counters', 1), bpfError('INVALID_ARGUMENT', /not an integer/));
  assert.throws(() => object.writeVariable('armed', -1), bpfError('INVALID_ARGUMENT', /takes 0 to 4294967295/));
  assert.throws(() => object.writeVariable('armed', 2 ** 32), bpfError('INVALID_ARGUMENT', /takes 0 to 4294967295/));
});
