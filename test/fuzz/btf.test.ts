// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Btf } from '../../src/kernel/btf.ts';
import { kernelNames } from '../../src/kernel/names.ts';
import { BtfBuilder, KIND } from '../unit/kernel/btf-builder.ts';
import { mutated, noise, record } from './arbitraries.ts';
import { LARGE, property, refusing } from './property.ts';

const isOwn = (error: Error) => error.constructor === Error && /^(damaged BTF: |not BTF: |BTF of )/.test(error.message);

/** A bit of everything that the agent looks for. */
function whole(): Buffer {
  const btf = new BtfBuilder();
  const int = btf.int('int', 4);
  const long = btf.type(KIND.TYPEDEF, 'long_t', btf.int('long', 8));
  const array = btf.type(KIND.ARRAY, '', 0, [[long, int, 11]]);
  const zone = btf.type(KIND.STRUCT, 'zone', 96, [
    [btf.text('free'), array, 0],
    [btf.text('self'), int + 5, 704],
  ]);
  const pointer = btf.type(KIND.PTR, '', zone);
  btf.type(KIND.CONST, '', pointer);
  btf.type(KIND.ENUM, 'compact_result', 4, [
    [btf.text('COMPACT_SUCCESS'), 8],
    [btf.text('COMPACT_CONTENDED'), 7],
  ]);
  btf.type(
    KIND.ENUM64,
    'zone_type',
    8,
    [
      [btf.text('ZONE_DMA'), 0, 0],
      [btf.text('ZONE_NORMAL'), 2, 1],
    ],
    true,
  );
  const prototype = btf.type(KIND.FUNC_PROTO, '', int, [
    [btf.text('zone'), pointer],
    [btf.text('order'), int],
    [0, 0],
  ]);
  btf.type(12 as number, 'compact_zone', prototype);
  btf.type(KIND.TYPEDEF, 'btf_trace_mm_compaction_begin', btf.type(KIND.PTR, '', prototype));
  return btf.bytes();
}

/** All questions. Answers are no larger than what describes them. */
function assertAnswers(bytes: Buffer): void {
  const btf = refusing(() => new Btf(bytes), isOwn);
  if (btf === undefined) return;
  const ask = <T>(question: () => T) => refusing(question, isOwn);
  for (const name of [
    'compact_result',
    'zone_type',
    'zone',
    'int',
    '',
    'compact_zone',
    'btf_trace_mm_compaction_begin',
  ]) {
    const values = ask(() => btf.enum(name));
    assert.ok((values?.size ?? 0) <= bytes.length / 8);
    for (const value of values?.values() ?? []) assert.ok(Number.isInteger(value));
    const members = ask(() => btf.struct(name))?.members ?? [];
    assert.ok(members.length <= bytes.length / 12);
    for (const { offset, size } of members)
      assert.ok(Number.isInteger(offset) && size >= 0 && Number.isFinite(size), String(size));
    const parameters = ask(() => btf.functionParameters(name)) ?? ask(() => btf.functionPointerParameters(name)) ?? [];
    assert.ok(parameters.length <= bytes.length / 8);
  }
  ask(() => btf.enumWith('ZONE_NORMAL'));
  const names = ask(() => kernelNames(btf));
  if (names) assert.equal(typeof names.status(8) + typeof names.zone(2), 'stringstring');
}

property('any bytes', noise(200), assertAnswers);

property('changed bytes', mutated(fc.constant(whole())), assertAnswers);

property(
  'changed bytes behind the header',
  noise(300).map((types) => {
    const header = whole().subarray(0, 24);
    header.writeUInt32LE(Math.max(0, types.length - 8), 8);
    header.writeUInt32LE(Math.max(0, types.length - 8), 16 - 4);
    header.writeUInt32LE(Math.max(0, types.length - 8), 16);
    header.writeUInt32LE(Math.min(8, types.length), 20);
    return Buffer.concat([header, types]);
  }),
  assertAnswers,
);

const name = fc.string({ unit: fc.constantFrom(...'abcdeXYZ_'), minLength: 1, maxLength: 12 });

property(
  'enums and structs are read as they were written',
  record({
    values: fc.uniqueArray(fc.tuple(name, fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })), {
      selector: ([one]) => one,
      maxLength: 20,
    }),
    members: fc.uniqueArray(fc.tuple(name, fc.integer({ min: 0, max: 2 ** 20 })), {
      selector: ([one]) => one,
      maxLength: 20,
    }),
    shift: fc.boolean(),
  }),
  ({ values, members, shift }) => {
    const builder = new BtfBuilder();
    const int = builder.int('int', 4);
    builder.type(
      KIND.ENUM,
      'an enum',
      4,
      values.map(([one, value]) => [builder.text(one), value]),
      true,
    );
    builder.type(
      KIND.STRUCT,
      'a struct',
      2 ** 20 + 4,
      members.map(([one, offset]) => [builder.text(one), int, offset * 8]),
    );
    // Types on any boundary, as in a file that was read into the middle of a buffer.
    const bytes = shift ? Buffer.concat([Buffer.alloc(1), builder.bytes()]).subarray(1) : builder.bytes();
    const btf = new Btf(bytes);
    assert.deepEqual([...btf.enum('an enum')!], values);
    assert.deepEqual(btf.struct('a struct'), {
      size: 2 ** 20 + 4,
      members: members.map(([one, offset]) => ({ name: one, offset, size: 4, type: 'int' })),
    });
  },
  LARGE,
);
