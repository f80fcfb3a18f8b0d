// SPDX-License-Identifier: Apache-2.0
import { readSync } from 'node:fs';
import { ElfError } from './elf-error.ts';

/** The symbol table of a large program has some megabytes. It is read only where a hash table is missing. */
const MAX_BYTES = 8 << 20;
/** Some 20 are typical. Each takes about 2 us when the file is in the page cache. */
const MAX_READS = 4096;

/**
 * Positional reads of one file, limited in number and size: whatever the file contains, it cannot cost more.
 * Every loop over a file's contents makes a read, or walks the bytes of one read.
 */
export class FileBytes {
  readonly #file: number;
  readonly size: number;
  #bytesLeft = MAX_BYTES;
  #readsLeft = MAX_READS;

  constructor(file: number, size: number) {
    this.#file = file;
    this.size = size;
  }

  read(at: number, length: number): DataView {
    if (at + length > this.size) throw new ElfError('damaged_elf', `it has no ${length} bytes at ${at}`);
    this.#bytesLeft -= length;
    this.#readsLeft -= 1;
    if (this.#bytesLeft < 0 || this.#readsLeft < 0) {
      throw new ElfError('bounds_exceeded', `it takes more than ${MAX_READS} reads or ${MAX_BYTES} bytes`);
    }
    const buffer = new Uint8Array(length);
    let read: number;
    try {
      read = readSync(this.#file, buffer, 0, length, at);
    } catch (error) {
      throw new ElfError('unreadable_file', (error as Error).message);
    }
    // The file became shorter.
    if (read !== length) throw new ElfError('unreadable_file', `it ended at ${at + read}`);
    return new DataView(buffer.buffer);
  }
}

/** A 64-bit word that must be an offset or an address in a file: more than 2^53 is neither. */
export function word(view: DataView, at: number): number {
  const value = view.getUint32(at + 4, true) * 2 ** 32 + view.getUint32(at, true);
  if (!Number.isSafeInteger(value)) throw new ElfError('damaged_elf', `0x${value.toString(16)} is beyond any file`);
  return value;
}
