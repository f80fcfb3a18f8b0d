// SPDX-License-Identifier: Apache-2.0
// The files that a process has loaded: any bytes, and in memory any words where a dynamic linker writes.
import assert from 'node:assert/strict';
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { Elf } from '../../src/prober/thread-context/elf/elf.ts';
import { ElfError } from '../../src/prober/thread-context/elf/elf-error.ts';
import { FileBytes } from '../../src/prober/thread-context/elf/file-bytes.ts';
import { REASONS } from '../../src/prober/thread-context/reason.ts';
import { findTlsSource, locate } from '../../src/prober/thread-context/tls/locate.ts';
import { library, NAME, staticExecutable, X86_64 } from '../unit/prober/thread-context/elf-builder.ts';
import { mutated, noise, record, u64 } from './arbitraries.ts';
import { FILES, property, refusing } from './property.ts';
import { scratchFolder } from './scratch.ts';

const file = join(scratchFolder(), 'file');
const isOwn = (error: Error) => error instanceof ElfError;

interface Loaded {
  content: Buffer;
  /** What memory has, eight bytes each, over and over. */
  words: bigint[];
  base: bigint;
}

function assertLocated({ content, words, base }: Loaded): void {
  writeFileSync(file, content);
  const descriptor = openSync(file, 'r');
  try {
    const elf = refusing(() => new Elf(new FileBytes(descriptor, content.length), X86_64), isOwn);
    if (elf === undefined) return;
    const at = elf.baseOf({ start: base, end: base + 4096n, offset: 0 });
    assert.ok(at === undefined || typeof at === 'bigint');
    let reads = 0;
    const memory = {
      read: (_: bigint, length: number) => {
        reads += 1;
        if (words.length === 0) return undefined;
        const bytes = Buffer.alloc(length);
        for (let i = 0; i + 8 <= length; i += 8) bytes.writeBigUInt64LE(words[(i / 8 + reads) % words.length]!, i);
        return bytes;
      },
    };
    for (const unexported of [false, true]) {
      const source = refusing(() => findTlsSource(elf, X86_64, NAME, unexported), isOwn);
      if (source === undefined) continue;
      for (const isExecutable of [false, true]) {
        const loaded = {
          base,
          isExecutable,
          libc: 'glibc',
          isMapped: (address: bigint) => address % 2n === 0n,
        } as const;
        const found = locate(source, loaded, X86_64, memory);
        if (typeof found === 'string') assert.ok(Object.hasOwn(REASONS, found));
        else if (found.kind === 'static') assert.ok(X86_64.isStaticOffset(found.offset));
        // The agent writes it into 64 bits with a sign.
        else assert.ok(BigInt.asIntN(64, found.offset) === found.offset && found.module > 0n, String(found.offset));
      }
    }
    assert.ok(reads <= 8, 'a few words, whatever the file says');
  } finally {
    closeSync(descriptor);
  }
}

const loaded = (content: fc.Arbitrary<Buffer>): fc.Arbitrary<Loaded> =>
  record({ content, words: fc.array(u64(), { maxLength: 6 }), base: u64() });

property('a changed library', loaded(mutated(fc.constant(library()))), assertLocated, FILES);

property('a changed static executable', loaded(mutated(fc.constant(staticExecutable()))), assertLocated, FILES);

property(
  'any bytes behind the header',
  loaded(noise(600).map((rest) => Buffer.concat([library().subarray(0, 64), rest]))),
  assertLocated,
  FILES,
);

property('a library as it is', loaded(fc.constant(library())), assertLocated, FILES);
