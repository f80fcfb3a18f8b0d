// SPDX-License-Identifier: Apache-2.0
import { DT, type Elf } from './elf.ts';
import { ElfError } from './elf-error.ts';
import { word } from './file-bytes.ts';

const MAX_SECTIONS = 4096;
/** The part of a symbol table that one read of a search takes. */
const STEP = 64 << 10;

const SYMBOL_SIZE = 24;
const SECTION_SIZE = 64;
const TYPE_TLS = 6;
const SECTION_SYMTAB = 2;

/** A thread-local variable that the file defines. */
export interface TlsSymbol {
  /** Its index in the dynamic symbol table; undefined when only the debuggers' table has it. */
  index: number | undefined;
  /** Its offset from the start of the file's thread-local variables. */
  value: number;
}

/**
 * Finds a thread-local variable by its name, also one that is not exported if that is wanted. Chains of symbols with one hash are unbounded and may be circular, but each step
 * is a read, and FileBytes limits those.
 * @throws ElfError
 */
export function findTlsSymbol(elf: Elf, name: string, unexported = false): TlsSymbol | undefined {
  if (elf.dynamic(DT.SYMTAB) !== undefined && elf.dynamic(DT.STRTAB) !== undefined) {
    const gnu = elf.dynamic(DT.GNU_HASH);
    const old = elf.dynamic(DT.HASH);
    const found = gnu !== undefined ? byGnuHash(elf, gnu, name) : old !== undefined && byHash(elf, old, name);
    if (found) return found;
  }
  // A static executable exports nothing, but has a symbol table unless it was stripped.
  return unexported || (elf.isExecutable && elf.interpreter === undefined) ? bySearch(elf, name) : undefined;
}

/** The GNU hash table: a Bloom filter, buckets, and hashes of the symbols in the order of their buckets. */
function byGnuHash(elf: Elf, address: number, name: string): TlsSymbol | undefined {
  const table = elf.offsetOf(address);
  const header = elf.bytes.read(table, 16);
  const [buckets, firstSymbol, words, shift] = [0, 4, 8, 12].map((at) => header.getUint32(at, true)) as [
    number,
    number,
    number,
    number,
  ];
  if (buckets === 0 || words === 0) return undefined;
  const hash = gnuHash(name);
  const filter = elf.bytes.read(table + 16 + (Math.floor(hash / 64) % words) * 8, 8);
  for (const bit of [hash % 64, (shift < 32 ? hash >>> shift : 0) % 64]) {
    if ((filter.getUint32(bit < 32 ? 0 : 4, true) & (1 << (bit % 32))) === 0) return undefined;
  }
  const bucketsAt = table + 16 + words * 8;
  const first = elf.bytes.read(bucketsAt + (hash % buckets) * 4, 4).getUint32(0, true);
  if (first < firstSymbol) return undefined;
  const chain = bucketsAt + buckets * 4 - firstSymbol * 4;
  for (let index = first; ; index++) {
    const value = elf.bytes.read(chain + index * 4, 4).getUint32(0, true);
    const symbol = (value | 1) === (hash | 1) && dynamicSymbol(elf, index, name);
    if (symbol) return symbol;
    if (value & 1) return undefined;
  }
}

/** The hash table of the ELF specification: linked lists in an array. */
function byHash(elf: Elf, address: number, name: string): TlsSymbol | undefined {
  const table = elf.offsetOf(address);
  const buckets = elf.bytes.read(table, 8).getUint32(0, true);
  if (buckets === 0) return undefined;
  let index = elf.bytes.read(table + 8 + (sysvHash(name) % buckets) * 4, 4).getUint32(0, true);
  while (index !== 0) {
    const symbol = dynamicSymbol(elf, index, name);
    if (symbol) return symbol;
    index = elf.bytes.read(table + 8 + (buckets + index) * 4, 4).getUint32(0, true);
  }
  return undefined;
}

function dynamicSymbol(elf: Elf, index: number, name: string): TlsSymbol | undefined {
  const view = elf.bytes.read(elf.offsetOf(elf.dynamic(DT.SYMTAB)!) + index * SYMBOL_SIZE, SYMBOL_SIZE);
  const strings = elf.offsetOf(elf.dynamic(DT.STRTAB)!);
  return definesTls(view, 0) && hasName(elf, strings + view.getUint32(0, true), name)
    ? { index, value: word(view, 8) }
    : undefined;
}

/** Looks in the symbol table for debuggers, which has no hash table. */
function bySearch(elf: Elf, name: string): TlsSymbol | undefined {
  let variables = tables.get(elf);
  if (variables === undefined) {
    variables = tlsSymbols(elf);
    tables.set(elf, variables);
  }
  const found = variables.find(({ nameAt }) => hasName(elf, nameAt, name));
  return found && { index: undefined, value: found.value };
}

interface Variable {
  /** The offset of its name in the file. */
  nameAt: number;
  value: number;
}

/** Such a table may have some megabytes. It is read once for all names. */
const tables = new WeakMap<Elf, readonly Variable[]>();

function tlsSymbols(elf: Elf): Variable[] {
  const { offset, entrySize, count } = elf.sections;
  const found: Variable[] = [];
  if (offset === 0 || count === 0 || entrySize !== SECTION_SIZE) return found;
  if (count > MAX_SECTIONS) throw new ElfError('bounds_exceeded', `it has ${count} sections`);
  const sections = elf.bytes.read(offset, count * SECTION_SIZE);
  for (let at = 0; at < count * SECTION_SIZE; at += SECTION_SIZE) {
    if (sections.getUint32(at + 4, true) !== SECTION_SYMTAB) continue;
    const link = sections.getUint32(at + 40, true);
    if (link >= count) throw new ElfError('damaged_elf', 'its symbol table has no names');
    const strings = word(sections, link * SECTION_SIZE + 24);
    const start = word(sections, at + 24);
    const end = start + word(sections, at + 32);
    for (let from = start; from + SYMBOL_SIZE <= end; ) {
      const length = Math.min(STEP - (STEP % SYMBOL_SIZE), end - from);
      const symbols = elf.bytes.read(from, length);
      for (let symbol = 0; symbol + SYMBOL_SIZE <= length; symbol += SYMBOL_SIZE) {
        if (!definesTls(symbols, symbol)) continue;
        found.push({ nameAt: strings + symbols.getUint32(symbol, true), value: word(symbols, symbol + 8) });
      }
      from += length;
    }
  }
  return found;
}

function definesTls(symbols: DataView, at: number): boolean {
  return (symbols.getUint8(at + 4) & 0xf) === TYPE_TLS && symbols.getUint16(at + 6, true) !== 0;
}

function hasName(elf: Elf, at: number, name: string): boolean {
  if (at + name.length + 1 > elf.bytes.size) return false;
  const bytes = elf.bytes.read(at, name.length + 1);
  return Buffer.from(bytes.buffer).toString('latin1') === `${name}\0`;
}

function gnuHash(name: string): number {
  let hash = 5381;
  for (const letter of Buffer.from(name)) hash = (Math.imul(hash, 33) + letter) >>> 0;
  return hash;
}

function sysvHash(name: string): number {
  let hash = 0;
  for (const letter of Buffer.from(name)) {
    hash = ((hash << 4) + letter) >>> 0;
    const high = hash & 0xf0000000;
    hash = (hash ^ (high >>> 24)) & ~high;
  }
  return hash >>> 0;
}
