// SPDX-License-Identifier: Apache-2.0

import type { Machine } from '../tls/machine.ts';
import { DT, type Elf } from './elf.ts';
import { word } from './file-bytes.ts';
import type { TlsSymbol } from './symbols.ts';

const ENTRY_SIZE = 24;
const STEP = 2730 * ENTRY_SIZE;

/** A place that the dynamic linker fills in with the location of a thread-local variable. */
export interface TlsRelocation {
  /** The words there: an offset from the thread pointer; a descriptor; or a module id and an offset in the module. */
  kind: 'static' | 'descriptor' | 'module';
  /** Its address, before the file is moved in memory. */
  place: number;
  /** Whether it names the symbol. Otherwise it refers to `addend` from the start of the same file's variables. */
  byName: boolean;
  addend: number;
}

/** From the cheapest to the most expensive for a reader. */
const ORDER = ['static', 'descriptor', 'module'] as const;

/**
 * The best relocation to find the symbol by. A linker that resolves a reference by itself (protected visibility,
 * -Bsymbolic, a hidden alias) leaves one that names no symbol. It serves too: all variables of a file lie in one block.
 * @throws ElfError
 */
export function findTlsRelocation(elf: Elf, machine: Machine, symbol: TlsSymbol): TlsRelocation | undefined {
  const found = new Map<string, TlsRelocation>();
  const kinds = new Map<number, TlsRelocation['kind']>(ORDER.map((kind) => [machine.relocation[kind], kind]));
  // A linker that sorts relocations puts first those that only add the base, often nearly all.
  const relative = elf.dynamic(DT.RELACOUNT) ?? 0;
  for (const [address, size, skip] of [
    [elf.dynamic(DT.RELA), elf.dynamic(DT.RELASZ) ?? 0, relative * ENTRY_SIZE],
    [elf.dynamic(DT.JMPREL), elf.dynamic(DT.PLTRELSZ) ?? 0, 0],
  ] as const) {
    if (address === undefined) continue;
    const table = elf.offsetOf(address);
    for (let from = skip; from + ENTRY_SIZE <= size; from += STEP) {
      const length = Math.min(STEP, size - from);
      const entries = elf.bytes.read(table + from, length);
      for (let at = 0; at + ENTRY_SIZE <= length; at += ENTRY_SIZE) {
        const kind = kinds.get(entries.getUint32(at + 8, true));
        if (kind === undefined) continue;
        const index = entries.getUint32(at + 12, true);
        if (index !== 0 && index !== symbol.index) continue;
        const byName = index !== 0;
        const key = `${byName} ${kind}`;
        if (found.has(key)) continue;
        found.set(key, { kind, place: word(entries, at), byName, addend: Number(entries.getBigInt64(at + 16, true)) });
      }
    }
  }
  for (const byName of [true, false]) {
    for (const kind of ORDER) {
      const relocation = found.get(`${byName} ${kind}`);
      if (relocation) return relocation;
    }
  }
  return undefined;
}
