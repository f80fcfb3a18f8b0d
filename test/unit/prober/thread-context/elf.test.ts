// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Elf } from '../../../../src/prober/thread-context/elf/elf.ts';
import { ElfError } from '../../../../src/prober/thread-context/elf/elf-error.ts';
import { findTlsRelocation } from '../../../../src/prober/thread-context/elf/relocations.ts';
import { findTlsSymbol } from '../../../../src/prober/thread-context/elf/symbols.ts';
import { findTlsSource } from '../../../../src/prober/thread-context/tls/locate.ts';
import {
  ARM64,
  AT,
  elf,
  file,
  library,
  NAME,
  SYMBOL,
  staticExecutable,
  VALUE,
  valueAt,
  X86_64,
} from './elf-builder.ts';

const symbolAt = AT.symbols + SYMBOL * 24;
const header = (index: number) => AT.programHeaders + index * 56;

/** A library with a change. */
function changed(...changes: [at: number, value: number | bigint, size: 1 | 2 | 4 | 8][]): Buffer {
  const b = library();
  for (const [at, value, size] of changes) change(b, at, value, size);
  return b;
}

function change(b: Buffer, at: number, value: number | bigint, size: number): void {
  if (size === 8) b.writeBigUInt64LE(BigInt(value), at);
  else b.writeUIntLE(Number(value), at, size);
}

describe('symbols', () => {
  it('by each kind of hash table, and by search in a static executable', (t) => {
    assert.deepEqual(findTlsSymbol(elf(t, library()), NAME), { index: SYMBOL, value: VALUE });
    const old = changed([valueAt(0x6ffffef5) - 8, 0x70000000, 8]);
    assert.deepEqual(findTlsSymbol(elf(t, old), NAME), { index: SYMBOL, value: VALUE });
    assert.deepEqual(findTlsSymbol(elf(t, staticExecutable()), NAME), { index: undefined, value: VALUE });
    // The other table of a library is not searched: either it exports the symbol, or not.
    const without = changed([valueAt(0x6ffffef5) - 8, 0x70000000, 8], [valueAt(4) - 8, 0x70000000, 8]);
    assert.equal(findTlsSymbol(elf(t, without), NAME), undefined);
  });

  it('is missing: another name, no thread-local variable, defined elsewhere, beyond the segment', (t) => {
    for (const bytes of [library(), staticExecutable(), changed([valueAt(0x6ffffef5) - 8, 0x70000000, 8])]) {
      assert.equal(findTlsSymbol(elf(t, bytes), 'otel_thread_ctx_v'), undefined);
      assert.equal(findTlsSymbol(elf(t, bytes), 'tel_thread_ctx_v1'), undefined);
      assert.equal(findTlsSymbol(elf(t, bytes), 'x'.repeat(3000)), undefined);
      assert.equal(findTlsSource(elf(t, bytes), X86_64, 'y'), undefined);
    }
    for (const bytes of [
      changed([symbolAt + 4, 0x11, 1]),
      changed([symbolAt + 6, 0, 2]),
      changed([symbolAt, 0xffffffff, 4]),
      changed([AT.gnuHash + 16, 0n, 8]),
    ]) {
      assert.equal(findTlsSymbol(elf(t, bytes), NAME), undefined);
    }
    assert.equal(findTlsSource(elf(t, changed([symbolAt + 8, 0x20, 8])), X86_64, NAME), undefined);
    assert.ok(findTlsSource(elf(t, library()), X86_64, NAME));
  });
});

describe('relocations', () => {
  it('that of the symbol, in either table, after those that only add the base', (t) => {
    const expected = { kind: 'descriptor', place: 0x9f0, byName: true, addend: 0 };
    const find = (bytes: Buffer) => findTlsRelocation(elf(t, bytes), X86_64, { index: SYMBOL, value: VALUE });
    assert.deepEqual(find(library()), expected);
    assert.deepEqual(find(changed([valueAt(0x6ffffff9), 1, 8])), expected);
    assert.equal(find(changed([valueAt(0x6ffffff9), 2, 8])), undefined);
    const lazy = changed([valueAt(7) - 8, 23, 8], [valueAt(8) - 8, 2, 8]);
    assert.deepEqual(find(lazy), expected);
    assert.equal(find(changed([AT.relocations + 24 + 12, SYMBOL + 1, 4])), undefined, 'of another symbol');
    assert.deepEqual(
      find(changed([AT.relocations + 24 + 12, 0, 4], [AT.relocations + 24 + 16, -8n & 0xffffffffffffffffn, 8])),
      {
        kind: 'descriptor',
        place: 0x9f0,
        byName: false,
        addend: -8,
      },
    );
    // The better of two: an offset needs no further reads.
    const both = changed([AT.relocations, 0x9e8, 8], [AT.relocations + 8, (BigInt(SYMBOL) << 32n) | 18n, 8]);
    assert.deepEqual(find(both), { kind: 'static', place: 0x9e8, byName: true, addend: 0x100 });
  });
});

describe('headers', () => {
  it('are read', (t) => {
    const one = elf(t, library());
    assert.deepEqual(one.tls, { address: 0, size: 0x20, align: 16 });
    assert.equal(one.isExecutable, false);
    assert.equal(one.interpreter, undefined);
    assert.equal(elf(t, staticExecutable()).isExecutable, true);
    const pie = changed([valueAt(0x6ffffff9) - 8, 0x6ffffffb, 8], [valueAt(0x6ffffff9), 0x08000001, 8]);
    assert.equal(elf(t, pie).isExecutable, true);
    const named = changed([header(2), 3, 4], [header(2) + 8, AT.interpreter, 8]);
    named.write('/lib/ld-musl-x86_64.so.1\0', AT.interpreter);
    assert.equal(elf(t, named).interpreter, '/lib/ld-musl-x86_64.so.1');
  });

  it('base: from any piece of the code', (t) => {
    const one = elf(t, changed([header(0) + 16, 0x400000, 8], [header(0) + 8, 0, 8], [header(1), 0, 4]));
    const mapping = (start: bigint, offset: number) => ({ start, offset, end: start + 0x1000n });
    assert.equal(one.baseOf(mapping(0x400000n, 0)), 0n);
    assert.equal(one.baseOf(mapping(0x7f0000400000n, 0)), 0x7f0000000000n);
    assert.equal(one.baseOf(mapping(0x401000n, 0x1000)), undefined, 'behind its end');
  });
});

describe('hostile files', () => {
  const GB_10 = 10 * 2 ** 30;
  const noGnuHash: [number, number, 8] = [valueAt(0x6ffffef5) - 8, 0x70000000, 8];
  for (const [what, reason, bytes, size] of [
    ['no ELF', 'not_elf', Buffer.alloc(100)],
    ['shorter than a header', 'not_elf', library().subarray(0, 40)],
    ['32-bit', 'other_machine', changed([4, 1, 1])],
    ['the other byte order', 'other_machine', changed([5, 2, 1])],
    ['65535 program headers', 'bounds_exceeded', changed([56, 65535, 2])],
    ['program headers of no size', 'damaged_elf', changed([54, 0, 2])],
    ['program headers behind the end', 'damaged_elf', changed([32, 2 ** 40, 8])],
    ['offsets beyond 2^53', 'damaged_elf', changed([header(0) + 8, 1n << 60n, 8])],
    ['a dynamic section of 10 GB', 'bounds_exceeded', changed([header(1) + 32, GB_10, 8]), GB_10],
    ['a dynamic section behind the end', 'damaged_elf', changed([header(1) + 8, AT.end, 8])],
    ['thread-local variables aligned to 3', 'damaged_elf', changed([header(2) + 48, 3, 8])],
    ['an interpreter of 10 GB', 'damaged_elf', changed([header(2), 3, 4], [header(2) + 32, GB_10, 8]), GB_10],
    ['hash table at no address', 'damaged_elf', changed([valueAt(0x6ffffef5), 2 ** 40, 8])],
    ['symbols at no address', 'damaged_elf', changed([valueAt(6), 2 ** 40, 8])],
    ['2^32 symbols before the first', 'damaged_elf', changed([AT.gnuHash + 24, 0xffffffff, 4])],
    ['2^32 buckets', 'damaged_elf', changed([AT.gnuHash, 0xffffffff, 4])],
    ['2^32 words of filter', 'damaged_elf', changed([AT.gnuHash + 8, 0xffffffff, 4])],
    ['old hash table: 2^32 buckets', 'damaged_elf', changed(noGnuHash, [AT.hash, 0xffffffff, 4])],
    [
      'old hash table: a chain that leads to itself',
      'bounds_exceeded',
      changed(noGnuHash, [AT.hash + 8, 1, 4], [AT.hash + 16, 1, 4]),
    ],
    ['a chain of hashes without end', 'bounds_exceeded', endlessChain(), GB_10],
    ['relocations of 10 GB', 'bounds_exceeded', changed([valueAt(8), GB_10 - AT.end, 8]), GB_10],
    ['relocations of 2^52 bytes', 'damaged_elf', changed([valueAt(8), 2 ** 52, 8])],
    ['static: 65535 sections', 'bounds_exceeded', staticWith([60, 65535, 2]), GB_10],
    [
      'static: a symbol table of 10 GB',
      'bounds_exceeded',
      staticWith([AT.sections + 64 + 32, GB_10 - AT.end, 8], [symbolAt, 9, 4]),
      GB_10,
    ],
    ['static: a symbol table without names', 'damaged_elf', staticWith([AT.sections + 64 + 40, 70000, 4])],
  ] as [string, ElfError['reason'], Buffer, number?][]) {
    it(what, (t) => {
      assert.throws(
        () => findTlsSource(elf(t, bytes, size), X86_64, NAME),
        (error: unknown) => {
          assert.ok(error instanceof ElfError, String(error));
          assert.equal(error.reason, reason, error.message);
          return true;
        },
      );
    });
  }

  function endlessChain(): Buffer {
    const b = library();
    // All symbols come after it, in the hole: hash 0, which never marks the last one.
    b.writeUInt32LE(0x10000, AT.gnuHash + 24);
    b.writeBigUInt64LE(BigInt(GB_10), header(0) + 32);
    return b;
  }

  function staticWith(...changes: [number, number, number][]): Buffer {
    const b = staticExecutable();
    for (const one of changes) change(b, ...one);
    return b;
  }

  it('for another machine', (t) => {
    assert.throws(() => new Elf(file(t, library()), ARM64), { reason: 'other_machine' });
  });

  it('4096 reads and 8 MB, and no more', (t) => {
    const many = file(t, library());
    for (let i = 0; i < 4096; i++) many.read(0, 1);
    assert.throws(() => many.read(0, 1), { name: 'ElfError', reason: 'bounds_exceeded' });
    const much = file(t, library(), GB_10);
    for (let i = 0; i < 8; i++) much.read(GB_10 - (1 << 20), 1 << 20);
    assert.throws(() => much.read(0, 1), { reason: 'bounds_exceeded' });
    assert.throws(() => file(t, library(), GB_10).read(0, 9 << 20), { reason: 'bounds_exceeded' });
  });

  it('cut off anywhere, and with any byte changed: an answer or an ElfError', (t) => {
    const original = library();
    let answers = 0;
    const look = (bytes: Buffer) => {
      try {
        if (findTlsSource(elf(t, bytes), X86_64, NAME)) answers += 1;
      } catch (error) {
        assert.ok(error instanceof ElfError, String(error));
      }
    };
    for (let length = 0; length < original.length; length += 7) look(original.subarray(0, length));
    // Every byte up to the end of the relocations, except zeros between the parts, and its neighbours.
    for (let at = 0; at < AT.relocations + 48; at++) {
      if (!original.subarray(Math.max(0, at - 2), at + 3).some((byte) => byte !== 0)) continue;
      for (const value of [0, 0x7f, 0xff, original[at]! ^ 1]) {
        const bytes = Buffer.from(original);
        bytes[at] = value;
        look(bytes);
      }
    }
    assert.ok(answers > 500, `${answers}`);
  });
});
