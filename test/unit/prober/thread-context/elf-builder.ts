// SPDX-License-Identifier: Apache-2.0
import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { Elf } from '../../../../src/prober/thread-context/elf/elf.ts';
import { FileBytes } from '../../../../src/prober/thread-context/elf/file-bytes.ts';
import { machineOf } from '../../../../src/prober/thread-context/tls/machine.ts';
import { temporaryFolder } from '../../fixtures.ts';

export const X86_64 = machineOf('x64')!;
export const ARM64 = machineOf('arm64')!;
export const NAME = 'otel_thread_ctx_v1';

/** The places of the parts of the library below, in the file as in memory. */
export const AT = {
  programHeaders: 0x40,
  interpreter: 0x1c0,
  dynamic: 0x200,
  hash: 0x400,
  gnuHash: 0x500,
  symbols: 0x600,
  strings: 0x700,
  relocations: 0x800,
  sections: 0xa00,
  end: 0xc00,
} as const;
export const SYMBOL = 2;
export const VALUE = 0x18;

/** The tags of the dynamic section, in its order. */
const DYNAMIC = [
  [0x6ffffef5, AT.gnuHash],
  [4, AT.hash],
  [5, AT.strings],
  [6, AT.symbols],
  [7, AT.relocations],
  [8, 2 * 24],
  [0x6ffffff9, 0],
] as const;
/** The address in the file of the value of a tag. */
export const valueAt = (tag: number) => AT.dynamic + DYNAMIC.findIndex(([one]) => one === tag) * 16 + 8;

/** The GNU hash of `otel_thread_ctx_v1`, by the reference formula. */
export const HASH = [...NAME].reduce((hash, letter) => (Math.imul(hash, 33) + letter.charCodeAt(0)) >>> 0, 5381);

/** A shared library with one thread-local variable, and a descriptor for it, made by hand. */
export function library(): Buffer {
  const b = Buffer.alloc(AT.end);
  const words = (at: number, ...values: (number | bigint)[]) => {
    for (const [i, value] of values.entries()) b.writeBigUInt64LE(BigInt(value), at + i * 8);
  };
  b.write('\x7fELF\x02\x01\x01', 'latin1');
  b.writeUInt16LE(3, 16); // shared object
  b.writeUInt16LE(62, 18); // x86-64
  words(32, AT.programHeaders, AT.sections);
  b.writeUInt16LE(56, 54);
  b.writeUInt16LE(3, 56);
  b.writeUInt16LE(64, 58);
  b.writeUInt16LE(3, 60);
  for (const [i, [type, flags, at, size, align]] of [
    [1, 5, 0, AT.end, 0x1000],
    [2, 6, AT.dynamic, (DYNAMIC.length + 1) * 16, 8],
    [7, 4, 0, 0x20, 16],
  ].entries()) {
    const header = AT.programHeaders + i * 56;
    b.writeUInt32LE(type!, header);
    b.writeUInt32LE(flags!, header + 4);
    words(header + 8, at!, at!, at!, size!, size!, align!);
  }
  for (const [i, entry] of DYNAMIC.entries()) words(AT.dynamic + i * 16, ...entry);
  for (const [i, word] of [1, 3, SYMBOL, 0, 0, 0].entries()) b.writeUInt32LE(word, AT.hash + i * 4); // one bucket
  // One bucket, symbols from 1 on, one filter word that lets all pass; symbol 1 has another hash.
  for (const [i, word] of [1, 1, 1, 6, 0xffffffff, 0xffffffff, 1, 0x12345678, HASH | 1].entries()) {
    b.writeUInt32LE(word >>> 0, AT.gnuHash + i * 4);
  }
  const symbol = AT.symbols + SYMBOL * 24;
  b.writeUInt32LE(1, symbol);
  b.writeUInt8(0x16, symbol + 4); // global, TLS
  b.writeUInt16LE(1, symbol + 6);
  words(symbol + 8, VALUE, 8);
  b.write(`\0${NAME}\0`, AT.strings);
  words(AT.relocations, 0x9e0, 8, 0x100); // relative
  words(AT.relocations + 24, 0x9f0, (BigInt(SYMBOL) << 32n) | 36n, 0);
  // Sections: none, the symbol table, its names.
  for (const [i, [type, at, size, link]] of [
    [0, 0, 0, 0],
    [2, AT.symbols, 3 * 24, 2],
    [3, AT.strings, 0x40, 0],
  ].entries()) {
    const header = AT.sections + i * 64;
    b.writeUInt32LE(type!, header + 4);
    words(header + 24, at!, size!);
    b.writeUInt32LE(link!, header + 40);
  }
  return b;
}

/** The same as a static executable: only the table for debuggers has its symbols. */
export function staticExecutable(): Buffer {
  const b = library();
  b.writeUInt16LE(2, 16);
  b.writeUInt32LE(0, AT.programHeaders + 56);
  return b;
}

/** A file with these bytes, with a hole at the end up to `size`, if given. */
export function file(t: TestContext, bytes: Buffer, size = bytes.length): FileBytes {
  const descriptor = openSync(temporaryFolder(t)('file'), 'w+');
  t.after(() => closeSync(descriptor));
  writeSync(descriptor, bytes);
  ftruncateSync(descriptor, size);
  return new FileBytes(descriptor, size);
}

export const elf = (t: TestContext, bytes: Buffer, size?: number) => new Elf(file(t, bytes, size), X86_64);
