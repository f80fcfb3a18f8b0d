// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Btf } from '../../../src/kernel/btf.ts';
import { BtfBuilder, KIND } from './btf-builder.ts';

const ENDLESS = /damaged BTF: type \d+ leads to itself/;

describe('BTF made by hand', () => {
  it('enums: signed, unsigned, 64 bits wide, anonymous', () => {
    const b = new BtfBuilder();
    const values = (...list: [string, ...number[]][]) => list.map(([name, ...words]) => [b.text(name), ...words]);
    b.type(KIND.ENUM, 'signed', 4, values(['A', 0], ['MINUS', -1]), true);
    b.type(KIND.ENUM, 'unsigned', 4, values(['TOP', 0xffffffff]));
    b.type(KIND.ENUM64, 'wide', 8, values(['BIT_32', 0, 1], ['ONE', 1, 0]));
    b.type(KIND.ENUM64, 'wide_signed', 8, values(['MINUS_TWO', -2, -1]), true);
    b.type(KIND.ENUM, '', 4, values(['X_BIT', 0], ['Y_BIT', 1]));
    const btf = new Btf(b.bytes());
    assert.deepEqual([...btf.enum('signed')!], [['A', 0], ['MINUS', -1]]); // biome-ignore format: one line
    assert.deepEqual([...btf.enum('unsigned')!], [['TOP', 0xffffffff]]);
    assert.deepEqual([...btf.enum('wide')!], [['BIT_32', 2 ** 32], ['ONE', 1]]); // biome-ignore format: one line
    assert.deepEqual([...btf.enum('wide_signed')!], [['MINUS_TWO', -2]]);
    assert.deepEqual([...btf.enumWith('Y_BIT')!.keys()], ['X_BIT', 'Y_BIT']);
    assert.deepEqual([...btf.enumWith('ONE')!.keys()], ['BIT_32', 'ONE']);
  });

  it('unknown names are undefined: also the end of a longer name, and a name of another kind', () => {
    const b = new BtfBuilder();
    b.type(KIND.ENUM, 'compact_result', 4, [[b.text('COMPACT_SKIPPED'), 1]]);
    const btf = new Btf(b.bytes());
    for (const name of ['result', 'compact_', 'COMPACT_SKIPPED', 'nothing', '']) {
      assert.equal(btf.enum(name), undefined, name);
      assert.equal(btf.struct(name), undefined, name);
      assert.equal(btf.functionPointerParameters(name), undefined, name);
    }
    assert.equal(btf.struct('compact_result'), undefined);
    assert.equal(btf.enumWith('SKIPPED'), undefined);
    assert.equal(btf.enumWith('compact_result'), undefined);
  });

  it('struct: sizes and types of members through typedefs, qualifiers and arrays', () => {
    const b = new BtfBuilder();
    const int = b.int('int', 4);
    const alias = b.type(KIND.TYPEDEF, 'alias_t', b.type(KIND.CONST, '', int));
    const row = b.type(KIND.ARRAY, '', 0, [[alias, int, 3]]);
    const grid = b.type(KIND.ARRAY, '', 0, [[row, int, 5]]);
    const pointer = b.type(KIND.PTR, '', 0);
    b.type(KIND.STRUCT, 'thing', 80, [
      [b.text('number'), alias, 0],
      [b.text('grid'), grid, 32],
      [b.text('next'), pointer, 512],
    ]);
    assert.deepEqual(new Btf(b.bytes()).struct('thing'), {
      size: 80,
      members: [
        { name: 'number', offset: 0, size: 4, type: 'int' },
        { name: 'grid', offset: 4, size: 60, type: '' },
        { name: 'next', offset: 64, size: 8, type: '' },
      ],
    });
  });

  it('struct with bit-fields: their size is not part of the offset', () => {
    const b = new BtfBuilder();
    const int = b.int('unsigned int', 4);
    const offset = (bits: number, size: number) => (size << 24) | bits;
    const members = [
      [b.text('plain'), int, offset(0, 0)],
      [b.text('three'), int, offset(32, 3)],
      [b.text('seven'), int, offset(35, 7)],
    ];
    b.type(KIND.STRUCT, 'flags', 8, members, true);
    assert.deepEqual(
      new Btf(b.bytes()).struct('flags')!.members.map(({ name, offset }) => [name, offset]),
      [
        ['plain', 0],
        ['three', 4],
        ['seven', 4],
      ],
    );
  });

  it('struct without bit-fields: an offset beyond 2 MiB takes all 32 bits', () => {
    const b = new BtfBuilder();
    const int = b.int('int', 4);
    b.type(KIND.STRUCT, 'huge', 2 ** 22 + 4, [[b.text('last'), int, 2 ** 25]]);
    assert.equal(new Btf(b.bytes()).struct('huge')!.members[0]!.offset, 2 ** 22);
  });

  it('parameters of a function pointer: structs, typedefs, void, const void, a variable number', () => {
    const b = new BtfBuilder();
    const int = b.int('unsigned int', 4);
    const pointer = (type: number) => b.type(KIND.PTR, '', type);
    const control = pointer(b.type(KIND.CONST, '', b.type(KIND.STRUCT, 'compact_control', 0)));
    const parameters = [pointer(0), pointer(b.type(KIND.CONST, '', 0)), control, b.type(KIND.TYPEDEF, 'gfp_t', int), 0];
    const prototype = b.type(KIND.FUNC_PROTO, '', 0, parameters.map((type) => [0, type])); // biome-ignore format: one line
    b.type(KIND.TYPEDEF, 'btf_trace_thing', pointer(prototype));
    b.type(KIND.TYPEDEF, 'no_function', pointer(int));
    const btf = new Btf(b.bytes());
    assert.deepEqual(btf.functionPointerParameters('btf_trace_thing'), [
      'void *',
      'void *',
      'compact_control *',
      'unsigned int',
      '...',
    ]);
    assert.equal(btf.functionPointerParameters('no_function'), undefined);
    assert.equal(btf.functionPointerParameters('gfp_t'), undefined);
  });
});

describe('invalid or damaged BTF', () => {
  /** One type of each kind to damage: a struct, an enum and a function pointer. */
  function small(): Buffer {
    const b = new BtfBuilder();
    const int = b.int('int', 4);
    b.type(KIND.ENUM, 'e', 4, [[b.text('E'), 1]]);
    b.type(KIND.STRUCT, 's', 8, [
      [b.text('m'), int, 0],
      [b.text('n'), b.type(KIND.ARRAY, '', 0, [[int, int, 1]]), 32],
    ]);
    b.type(KIND.TYPEDEF, 'f', b.type(KIND.PTR, '', b.type(KIND.FUNC_PROTO, '', 0, [[0, int]])));
    return b.bytes();
  }
  const changed = (change: (bytes: Buffer) => void) => {
    const bytes = Buffer.from(small());
    change(bytes);
    return bytes;
  };

  it('is refused with the reason', () => {
    const stringOffset = small().readUInt32LE(16);
    for (const [bytes, reason] of [
      [Buffer.alloc(0), 'not BTF: wrong magic number'],
      [Buffer.alloc(4096), 'not BTF: wrong magic number'],
      [Buffer.from('\x7fELF'.padEnd(64, '\0')), 'not BTF: wrong magic number'],
      [small().subarray(0, 23), 'not BTF: wrong magic number'],
      [changed((b) => b.writeUInt16BE(0xeb9f, 0)), 'BTF of a machine with the other byte order'],
      [small().subarray(0, -1), 'damaged BTF: its sections end after its last byte'],
      [changed((b) => b.writeUInt32LE(0xffffffff, 12)), 'damaged BTF: its sections end after its last byte'],
      [changed((b) => b.writeUInt32LE(stringOffset - 4, 12)), 'damaged BTF: type 7 is cut off'],
      [changed((b) => b.writeUInt32LE(stringOffset - 1, 12)), 'damaged BTF: type 7 is cut off'],
      [changed((b) => b.writeUInt8(31, 24 + 7)), 'damaged BTF: type 1 is of unknown kind 31'],
      [changed((b) => b.writeUInt8(0, 24 + 7)), 'damaged BTF: type 1 is of unknown kind 0'],
      [changed((b) => b.writeUInt8(1, b.length - 1)), 'damaged BTF: its strings do not end'],
      [changed((b) => b.writeUInt32LE(0, 20)), 'damaged BTF: its strings do not end'],
    ] as const) {
      assert.throws(() => new Btf(bytes), { message: reason });
    }
  });

  it('circular types are an error', () => {
    const b = new BtfBuilder();
    b.type(KIND.TYPEDEF, 'a', 2);
    b.type(KIND.TYPEDEF, 'b', 1);
    const array = b.type(KIND.ARRAY, '', 0, [[3, 3, 2]]);
    b.type(KIND.STRUCT, 's', 8, [[0, 1, 0]]);
    b.type(KIND.STRUCT, 't', 8, [[0, array, 0]]);
    const btf = new Btf(b.bytes());
    assert.throws(() => btf.functionPointerParameters('a'), ENDLESS);
    assert.throws(() => btf.struct('s'), ENDLESS);
    assert.throws(() => btf.struct('t'), ENDLESS);
  });

  it('a missing name or type is an error', () => {
    const b = new BtfBuilder();
    const int = b.int('int', 4);
    b.type(KIND.STRUCT, 'nameless', 4, [[1_000_000, int, 0]]);
    b.type(KIND.STRUCT, 'typeless', 4, [[0, 1_000_000, 0]]);
    const btf = new Btf(b.bytes());
    assert.throws(() => btf.struct('nameless'), { message: 'damaged BTF: it has no string 1000000' });
    assert.throws(() => btf.struct('typeless'), { message: 'damaged BTF: it has no type 1000000' });
  });

  it('any change of any word: an answer or a clear error, never a hang', () => {
    const good = small();
    for (let at = 4; at + 4 <= good.length; at += 4) {
      for (const word of [0, 1, 2, 7, 0x7fffffff, 0xffffffff, 0x08000000, 0x0a000001, 0x8400ffff]) {
        const bytes = changed((b) => b.writeUInt32LE(word, at));
        try {
          const btf = new Btf(bytes);
          btf.enum('e');
          btf.enumWith('E');
          btf.struct('s');
          btf.functionPointerParameters('f');
        } catch (error) {
          assert.match(
            (error as Error).message,
            /^(damaged|not) BTF: /,
            `word ${at / 4} = ${word}: ${(error as Error).stack}`,
          );
        }
      }
    }
  });
});
