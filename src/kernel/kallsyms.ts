// SPDX-License-Identifier: Apache-2.0
import { readSync } from 'node:fs';
import { withFile } from '../descriptor.ts';

const CHUNK = 256 * 1024;
/** What is read in a part, which takes some milliseconds: the kernel makes the lines as they are read, a page at a time. */
const PART = 128 * 1024;
const NEWLINE = 10;
/** "ffffffff81000000 T _stext\n", or with "\t[module]" after the name. */
const TYPE_AT = 17;
const NAME_AT = 19;
/** The shortest line: address, type, a name of one letter. */
const MIN_LINE = 21;
const MAX_SYMBOLS = 1 << 22;
const MAX_NAMES = 1 << 28;
const GROWTH = 1 << 19;

/** Text symbols sorted by address; the name of symbol i starts at nameStarts[i] and ends with a newline. */
export interface SymbolTable {
  addresses: Float64Array;
  nameStarts: Uint32Array;
  names: Buffer;
}

/** A kernel address as a number: its low 52 bits. The order is kept, because all addresses agree in the bits above. */
export function comparableAddress(address: bigint): number {
  return Number(address & 0xfffffffffffffn);
}

/** Reads /proc/kallsyms from an open file. */
export function readKallsyms(file: number): SymbolTable {
  const parts = readKallsymsInParts(file);
  for (;;) {
    const { done, value } = parts.next();
    if (done) return value;
  }
}

/**
 * The same in parts, for somebody who has to do other things in between. The file has 100 000 to 300 000 lines, so there is no
 * object per line: the table is three flat arrays that grow in place.
 */
export function* readKallsymsInParts(file: number): Generator<undefined, SymbolTable> {
  const addresses = new Float64Array(growable(MAX_SYMBOLS * 8));
  const nameStarts = new Uint32Array(growable(MAX_SYMBOLS * 4));
  const names = new Uint8Array(growable(MAX_NAMES));
  let count = 0;
  let namesSize = 0;
  /** How many lines there are before the first one that is out of order. */
  let inOrder: number | undefined;

  const chunk = Buffer.allocUnsafe(CHUNK);
  let kept = 0;
  let pauseAt = PART;
  for (let position = 0; ; ) {
    if (position >= pauseAt) {
      pauseAt = position + PART;
      yield;
    }
    const size = readSync(file, chunk, kept, CHUNK - kept, position);
    if (size === 0) break;
    position += size;
    const end = kept + size;
    reserve(addresses, count + end / MIN_LINE);
    reserve(nameStarts, count + end / MIN_LINE);
    reserve(names, namesSize + end);
    let line = 0;
    for (let newline = chunk.indexOf(NEWLINE); newline >= 0 && newline < end; newline = chunk.indexOf(NEWLINE, line)) {
      const start = line;
      line = newline + 1;
      if (line - start < MIN_LINE || !isText(chunk[start + TYPE_AT]!)) continue;
      const high = hexNumber(chunk, start + 3, start + 10);
      const low = hexNumber(chunk, start + 10, start + 16);
      const address = high * 2 ** 24 + low;
      // Something may be mounted over the file.
      if (high < 0 || low < 0 || address === 0) continue;
      if (count > 0 && address < addresses[count - 1]!) inOrder ??= count;
      addresses[count] = address;
      nameStarts[count] = namesSize;
      count += 1;
      for (let at = start + NAME_AT; at < line; at++) names[namesSize++] = chunk[at]!;
    }
    chunk.copyWithin(0, line, end);
    kept = end - line;
  }
  addresses.buffer.resize(count * 8);
  nameStarts.buffer.resize(count * 4);
  names.buffer.resize(namesSize);
  const table = { addresses, nameStarts, names: Buffer.from(names.buffer) };
  if (inOrder === undefined) return table;
  yield;
  return sortedByAddress(table, inOrder);
}

/**
 * The names of the kernel's own text symbols that contain `part` and match `wanted`. The file is megabytes, so it is read
 * in pieces. undefined when it cannot be read, or has no symbols: then something is mounted over it.
 */
export function findTextSymbols(path: string, part: string, wanted: RegExp): string[] | undefined {
  try {
    return withFile(path, (file) => findIn(file, part, wanted));
  } catch {
    return undefined;
  }
}

function findIn(file: number, part: string, wanted: RegExp): string[] | undefined {
  const found: string[] = [];
  let read = 0;
  const chunk = Buffer.allocUnsafe(CHUNK);
  let kept = 0;
  for (;;) {
    const size = readSync(file, chunk, kept, CHUNK - kept, null);
    if (size === 0) return read > 0 ? found : undefined;
    read += size;
    const end = chunk.lastIndexOf(NEWLINE, kept + size - 1) + 1;
    for (let at = chunk.indexOf(part); at >= 0 && at < end; at = chunk.indexOf(part, chunk.indexOf(NEWLINE, at))) {
      const line = chunk.toString('latin1', chunk.lastIndexOf(NEWLINE, at) + 1, chunk.indexOf(NEWLINE, at));
      const [, name] = /^\S+ [tTwW] (\S+)$/.exec(line) ?? [];
      if (name && wanted.test(name)) found.push(name);
    }
    chunk.copyWithin(0, end, kept + size);
    kept += size - end;
  }
}

/** Frees the memory now; an idle process may not collect garbage for days. The table is empty afterwards. */
export function freeTable({ addresses, nameStarts, names }: SymbolTable): void {
  free(addresses, nameStarts, names);
}

function free(...arrays: { buffer: ArrayBufferLike }[]): void {
  for (const { buffer } of arrays) (buffer as ArrayBuffer).transfer(0);
}

/** Reserves address space for the maximum. Memory is used as the buffer grows, and nothing is copied. */
function growable(maxByteLength: number): ArrayBuffer {
  return new ArrayBuffer(0, { maxByteLength });
}

/** Makes room for at least this many elements in total. */
function reserve(
  array: Float64Array<ArrayBuffer> | Uint32Array<ArrayBuffer> | Uint8Array<ArrayBuffer>,
  elements: number,
): void {
  const bytes = Math.ceil(elements) * array.BYTES_PER_ELEMENT;
  const { buffer } = array;
  if (bytes > buffer.byteLength) buffer.resize(Math.min(bytes + GROWTH, buffer.maxByteLength));
}

/** Whether a type letter means text: T and t are text, W and w weak text. */
function isText(type: number): boolean {
  const lower = type | 0x20;
  return lower === 0x74 || lower === 0x77;
}

/** The value of each hexadecimal digit; -1 for all other bytes. */
const DIGITS = Int8Array.from({ length: 256 }, (_, byte) => '0123456789abcdef'.indexOf(String.fromCharCode(byte)));

/**
 * Parses at most seven digits. The value stays a small integer, so no number is allocated for each digit of each line.
 * @returns a negative number when one of the bytes is not a digit
 */
function hexNumber(bytes: Buffer, start: number, end: number): number {
  let value = 0;
  // -1 sets all bits, the sign among them, and no shift by 28 bits takes the sign away.
  for (let at = start; at < end; at++) value = (value << 4) | DIGITS[bytes[at]!]!;
  return value;
}

/**
 * Sorts a table whose first symbols are in order: those of the kernel itself, which are most. Modules follow in the order in which
 * they were loaded, each with its symbols in any order.
 */
function sortedByAddress({ addresses, nameStarts, names }: SymbolTable, inOrder: number): SymbolTable {
  const rest = new Uint32Array(addresses.length - inOrder);
  for (let i = 0; i < rest.length; i++) rest[i] = inOrder + i;
  rest.sort((a, b) => addresses[a]! - addresses[b]!);
  const sorted = {
    addresses: new Float64Array(addresses.length),
    nameStarts: new Uint32Array(addresses.length),
    names,
  };
  for (let i = 0, first = 0, second = 0; i < addresses.length; i++) {
    const next = rest[second];
    const isFirst = next === undefined || (first < inOrder && addresses[first]! <= addresses[next]!);
    const from = isFirst ? first++ : next;
    if (!isFirst) second++;
    sorted.addresses[i] = addresses[from]!;
    sorted.nameStarts[i] = nameStarts[from]!;
  }
  free(addresses, nameStarts, rest);
  return sorted;
}
