// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TlsRelocation } from '../../../../src/prober/thread-context/elf/relocations.ts';
import { type LoadedModule, locate, type TlsSource } from '../../../../src/prober/thread-context/tls/locate.ts';
import type { Machine } from '../../../../src/prober/thread-context/tls/machine.ts';
import { ARM64, X86_64 } from './elf-builder.ts';

const BASE = 0x7f0000000000n;
const HEAP = 0x550000000000n;
const VALUE = 0x18n;
const u64 = (value: bigint) => BigInt.asUintN(64, value);

/** The result with these words in memory. */
function find(
  relocation: Partial<TlsRelocation> & Pick<TlsRelocation, 'kind'>,
  words: [address: bigint, ...words: bigint[]][],
  { machine = X86_64 as Machine, ...more }: Partial<LoadedModule> & { machine?: Machine } = {},
) {
  const memory = new Map(
    words.flatMap(([at, ...values]) => values.map((value, i) => [at + BigInt(i) * 8n, u64(value)])),
  );
  const source: TlsSource = {
    asExecutable: -0x40n,
    isExecutable: false,
    value: VALUE,
    relocation: { place: 0x1000, byName: true, addend: 0, ...relocation },
  };
  const loaded: LoadedModule = {
    base: BASE,
    isExecutable: false,
    libc: 'glibc',
    isMapped: (address) => memory.has(address),
    ...more,
  };
  return locate(source, loaded, machine, {
    read(address, length) {
      const buffer = Buffer.alloc(length);
      for (let at = 0; at < length; at += 8) {
        const value = memory.get(address + BigInt(at));
        if (value === undefined) return undefined;
        buffer.writeBigUInt64LE(value, at);
      }
      return buffer;
    },
  });
}

const GOT = BASE + 0x1000n;
const dynamic = (more = {}) => ({ kind: 'dynamic', module: 5n, offset: VALUE, libc: 'glibc', generation: 0n, ...more });
const fixed = (offset: bigint) => ({ kind: 'static', offset });

describe('the place of a variable, from the words of the dynamic linker', () => {
  it('an offset', () => {
    assert.deepEqual(find({ kind: 'static' }, [[GOT, -0x40n]]), fixed(-0x40n));
    // The descriptor of another variable, or of a place in this one.
    assert.deepEqual(find({ kind: 'static', byName: false, addend: 0x10 }, [[GOT, -0x48n]]), fixed(-0x40n));
    assert.deepEqual(find({ kind: 'static', addend: 4 }, [[GOT, -0x3cn]]), fixed(-0x40n));
    for (const value of [0n, 8n, HEAP, -(1n << 31n) - 8n]) {
      assert.equal(find({ kind: 'static' }, [[GOT, value]]), 'not_relocated', `${value}`);
    }
    assert.equal(find({ kind: 'static' }, []), 'not_relocated', 'its page is not there');
  });

  it('a descriptor: with the offset, or with a pointer to module and offset', () => {
    const code = 0x7f1000000000n;
    assert.deepEqual(find({ kind: 'descriptor' }, [[GOT, code, -0x40n]]), fixed(-0x40n));
    assert.deepEqual(find({ kind: 'descriptor' }, [[GOT, code, HEAP], [HEAP, 5n, VALUE, 9n]]), dynamic({ generation: 9n })); // biome-ignore format: one line
    assert.deepEqual(
      find({ kind: 'descriptor' }, [[GOT, code, HEAP], [HEAP, 5n, VALUE, HEAP]], { libc: 'musl' }), // biome-ignore format: one line
      dynamic({ libc: 'musl' }),
      'its third word is the next of a list',
    );
    const other = { kind: 'descriptor', byName: false, addend: 0x10 } as const;
    assert.deepEqual(find(other, [[GOT, code, HEAP], [HEAP, 5n, 0x10n, 9n]]), dynamic({ generation: 9n })); // biome-ignore format: one line
    assert.deepEqual(find(other, [[GOT, code, -0x48n]]), fixed(-0x40n));
  });

  it('a descriptor that is unused, or refers to nothing', () => {
    const code = 0x7f1000000000n;
    const relocation = [0x9f0n, (2n << 32n) | 36n, 0n] as const;
    for (const words of [
      [[GOT, 0n, 0n]],
      [
        [GOT, code, HEAP],
        [HEAP, ...relocation],
      ], // to be resolved at first use
      [[GOT, code, 0n]], // undefined and weak
      [[GOT, code, HEAP]], // no such memory
      [
        [GOT, code, HEAP],
        [HEAP, 0n, VALUE, 1n],
      ], // no such module
      [
        [GOT, code, HEAP],
        [HEAP, 1n << 40n, VALUE, 1n],
      ],
    ] as [bigint, ...bigint[]][][]) {
      // biome-ignore format: one line
      assert.equal(find({ kind: 'descriptor' }, words), 'not_relocated');
    }
  });

  it('a module and an offset', () => {
    assert.deepEqual(find({ kind: 'module' }, [[GOT, 5n, VALUE]]), dynamic());
    assert.deepEqual(find({ kind: 'module', byName: false }, [[GOT, 5n, 0x77n]]), dynamic(), 'of another variable');
    for (const words of [
      [0n, 0n],
      [0n, VALUE],
      [5n, 0n],
      [1n << 21n, VALUE],
    ]) {
      // biome-ignore format: one line
      assert.equal(find({ kind: 'module' }, [[GOT, words[0]!, words[1]!]]), 'not_relocated', `${words}`);
    }
  });

  it('for the executable nothing is read', () => {
    assert.deepEqual(find({ kind: 'descriptor' }, [], { isExecutable: true }), fixed(-0x40n));
  });

  it('arm64: offsets are positive, and pointers lie in a mapping', () => {
    const machine = ARM64;
    assert.deepEqual(find({ kind: 'static' }, [[GOT, 0x28n]], { machine }), fixed(0x28n));
    assert.equal(find({ kind: 'static' }, [[GOT, -0x28n]], { machine }), 'not_relocated');
    assert.deepEqual(find({ kind: 'descriptor' }, [[GOT, 1n, 0x28n]], { machine }), fixed(0x28n));
    assert.deepEqual(find({ kind: 'descriptor' }, [[GOT, 1n, HEAP], [HEAP, 5n, VALUE, 9n]], { machine }), dynamic({ generation: 9n })); // biome-ignore format: one line
  });
});

describe("the executable's block", () => {
  it('x86-64: ends at the thread pointer, rounded up so that it is aligned', () => {
    const block = (address: number, size: number, align: number) => X86_64.executableBlock({ address, size, align });
    assert.equal(block(0x3d98, 8, 8), -8n);
    assert.equal(block(0x3d80, 0x14c, 0x40), -0x180n);
    assert.equal(block(0x3d98, 1, 1), -1n);
    // Not at a multiple of its alignment: its start is that of a block moved by such multiples.
    assert.equal(block(0x3d98, 8, 0x40), -0x28n);
  });

  it('arm64: starts after two words', () => {
    const block = (address: number, size: number, align: number) => ARM64.executableBlock({ address, size, align });
    assert.equal(block(0x3d90, 8, 8), 16n);
    assert.equal(block(0x3d80, 8, 0x40), 0x40n);
    assert.equal(block(0x3d98, 8, 16), 24n);
  });
});
