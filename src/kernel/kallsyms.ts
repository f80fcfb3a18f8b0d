// SPDX-License-Identifier: Apache-2.0
import { readSync } from 'node:fs';

const CHUNK = 256 * 1024;
const NEWLINE = 10;
/** "ffffffff81000000 T _stext\n", or with "\t[module]" after the name. */
const TYPE_AT = 17;
const NAME_AT = 19;

/** Text symbols sorted by address; the name of symbol i starts at nameStarts[i] and ends with a newline. */
export interface SymbolTable {
  addresses: Float64Array;
  nameStarts: Uint32Array;
  names: Buffer;
}

/** A kernel address as a number: the low 52 bits are exact, and order is kept, as all agree in the bits above. */
export function comparableAddress(address: bigint): number {
  return Number(address & 0xfffffffffffffn);
}

/**
 * Reads /proc/kallsyms from an open file. It has 100 000 to 300 000 lines, so no object is made per line: the table is
 * three flat arrays.
 */
export function readKallsyms(file: number): SymbolTable {
  let addresses = new Float64Array(1 << 16);
  let nameStarts = new Uint32Array(1 << 16);
  let names = Buffer.allocUnsafe(1 << 20);
  let count = 0;
  let namesSize = 0;
  let sorted = true;

  const chunk = Buffer.allocUnsafe(CHUNK);
  let kept = 0;
  for (let position = 0; ; ) {
    const size = readSync(file, chunk, kept, CHUNK - kept, position);
    if (size === 0) break;
    position += size;
    const end = kept + size;
    let line = 0;
    for (let newline = chunk.indexOf(NEWLINE); newline >= 0 && newline < end; newline = chunk.indexOf(NEWLINE, line)) {
      const start = line;
      line = newline + 1;
      if (!isText(chunk[start + TYPE_AT]!)) continue;
      const address = hexNumber(chunk, start + 3, start + 16);
      if (address === 0) continue;
      if (count === addresses.length) {
        addresses = grown(addresses, new Float64Array(count * 2));
        nameStarts = grown(nameStarts, new Uint32Array(count * 2));
      }
      if (namesSize + line - start > names.length) names = grown(names, Buffer.allocUnsafe(names.length * 2));
      if (count > 0 && address < addresses[count - 1]!) sorted = false;
      addresses[count] = address;
      nameStarts[count] = namesSize;
      count += 1;
      namesSize += chunk.copy(names, namesSize, start + NAME_AT, line);
    }
    chunk.copyWithin(0, line, end);
    kept = end - line;
  }
  const table = {
    addresses: addresses.slice(0, count),
    nameStarts: nameStarts.slice(0, count),
    names: Buffer.from(names.subarray(0, namesSize)),
  };
  return sorted ? table : sortedByAddress(table);
}

/** T and t are text, W and w weak text. */
function isText(type: number): boolean {
  const lower = type | 0x20;
  return lower === 0x74 || lower === 0x77;
}

function hexNumber(bytes: Buffer, start: number, end: number): number {
  let value = 0;
  for (let at = start; at < end; at++) {
    const digit = bytes[at]!;
    value = value * 16 + (digit < 0x3a ? digit - 0x30 : (digit | 0x20) - 0x57);
  }
  return value;
}

function grown<T extends Float64Array | Uint32Array | Buffer>(from: T, to: T): T {
  to.set(from);
  return to;
}

/** Modules come after the kernel in the order in which they were loaded, not by address. */
function sortedByAddress({ addresses, nameStarts, names }: SymbolTable): SymbolTable {
  const order = Uint32Array.from(addresses.keys()).sort((a, b) => addresses[a]! - addresses[b]!);
  return {
    addresses: Float64Array.from(order, (index) => addresses[index]!),
    nameStarts: Uint32Array.from(order, (index) => nameStarts[index]!),
    names,
  };
}
