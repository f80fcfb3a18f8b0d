// SPDX-License-Identifier: Apache-2.0
import { readSync } from 'node:fs';
import { ElfError } from './elf-error.ts';

/** The symbol table of a large program is some megabytes, and is read only where there is no hash table to ask. */
const MAX_BYTES = 8 << 20;
/** Some 20 are typical. Each takes about 2 us when the file is in the page cache. */
const MAX_READS = 4096;

/**
 * Positional reads of one file, so many and no more: whatever the file says of itself, it cannot cost more than that.
 * Every loop over what a file contains makes a read, or walks what one read brought.
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
    // The file has become shorter.
    if (read !== length) throw new ElfError('unreadable_file', `it ended at ${at + read}`);
    return new DataView(buffer.buffer);
  }
}

/** A word of 64 bits that has to be a place in a file or its address in it: more than 2^53 is neither. */
export function word(view: DataView, at: number): number {
  const value = view.getUint32(at + 4, true) * 2 ** 32 + view.getUint32(at, true);
  if (!Number.isSafeInteger(value)) throw new ElfError('damaged_elf', `0x${value.toString(16)} is beyond any file`);
  return value;
}
