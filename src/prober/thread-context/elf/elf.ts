// SPDX-License-Identifier: Apache-2.0

import type { Machine } from '../tls/machine.ts';
import { ElfError } from './elf-error.ts';
import { type FileBytes, word } from './file-bytes.ts';

/** A program has some 10 to 15 program headers and 30 entries in its dynamic section. */
const MAX_SEGMENTS = 256;
const MAX_DYNAMIC = 4096;
const MAX_INTERPRETER = 4096;

const MAGIC = 0x464c457f;
const CLASS_64_LITTLE_ENDIAN = 0x0102;
const EXECUTABLE = 2;
const SEGMENT = { LOAD: 1, DYNAMIC: 2, INTERP: 3, TLS: 7 } as const;

export const DT = {
  PLTRELSZ: 2,
  HASH: 4,
  STRTAB: 5,
  SYMTAB: 6,
  RELA: 7,
  RELASZ: 8,
  STRSZ: 10,
  JMPREL: 23,
  GNU_HASH: 0x6ffffef5,
  RELACOUNT: 0x6ffffff9,
  FLAGS_1: 0x6ffffffb,
} as const;
/** A flag in DT_FLAGS_1, set by linkers since 2015: a position-independent executable. */
const DF_1_PIE = 0x08000000;

interface Segment {
  type: number;
  executable: boolean;
  offset: number;
  address: number;
  fileSize: number;
  size: number;
  align: number;
}

/** The headers of an ELF file, 64-bit and little-endian, for one machine. @throws ElfError */
export class Elf {
  readonly bytes: FileBytes;
  /** Its segment of thread-local variables, if it has one. */
  readonly tls: { address: number; size: number; align: number } | undefined;
  /** Its dynamic linker, if it is an executable that names one. */
  readonly interpreter: string | undefined;
  readonly isExecutable: boolean;
  /** The section headers, for files without a dynamic section. */
  readonly sections: { offset: number; entrySize: number; count: number };
  readonly #segments: readonly Segment[];
  readonly #dynamic: ReadonlyMap<number, number>;

  constructor(bytes: FileBytes, machine: Machine) {
    this.bytes = bytes;
    if (bytes.size < 64) throw new ElfError('not_elf', 'shorter than an ELF header');
    const header = bytes.read(0, 64);
    if (header.getUint32(0, true) !== MAGIC) throw new ElfError('not_elf', 'no ELF magic number');
    if (header.getUint16(4, true) !== CLASS_64_LITTLE_ENDIAN || header.getUint16(18, true) !== machine.elf) {
      throw new ElfError('other_machine', 'for another machine');
    }
    this.sections = {
      offset: word(header, 40),
      entrySize: header.getUint16(58, true),
      count: header.getUint16(60, true),
    };
    this.#segments = this.#readSegments(word(header, 32), header.getUint16(54, true), header.getUint16(56, true));
    this.#dynamic = this.#readDynamic();
    const tls = this.#segment(SEGMENT.TLS);
    if (tls) {
      // 0 and 1 both mean no alignment; the loader refuses anything else but a power of two.
      const align = Math.max(tls.align, 1);
      if (!Number.isInteger(Math.log2(align))) throw new ElfError('damaged_elf', `TLS is aligned to ${align}`);
      this.tls = { address: tls.address, size: tls.size, align };
    }
    this.interpreter = this.#readInterpreter();
    this.isExecutable = header.getUint16(16, true) === EXECUTABLE || ((this.dynamic(DT.FLAGS_1) ?? 0) & DF_1_PIE) !== 0;
  }

  get hasDynamicSection(): boolean {
    return this.#dynamic.size > 0;
  }

  /** The value of the first entry of that kind in the dynamic section. */
  dynamic(tag: number): number | undefined {
    return this.#dynamic.get(tag);
  }

  /** The offset in the file of an address in it. */
  offsetOf(address: number): number {
    const segment = this.#segments.find(
      (one) => one.type === SEGMENT.LOAD && address >= one.address && address < one.address + one.fileSize,
    );
    if (!segment) throw new ElfError('damaged_elf', `nothing is loaded at 0x${address.toString(16)}`);
    return segment.offset + (address - segment.address);
  }

  /** The load bias: how far its addresses were moved in memory. A mapped piece of its code shows it. */
  baseOf(mapping: { start: bigint; offset: number; end: bigint }): bigint | undefined {
    const length = Number(mapping.end - mapping.start);
    const segment = this.#segments.find(
      (one) =>
        one.type === SEGMENT.LOAD &&
        one.executable &&
        mapping.offset < one.offset + one.fileSize &&
        mapping.offset + length > one.offset,
    );
    return segment && mapping.start - BigInt(segment.address) + BigInt(segment.offset) - BigInt(mapping.offset);
  }

  #segment(type: number): Segment | undefined {
    return this.#segments.find((segment) => segment.type === type);
  }

  #readSegments(offset: number, entrySize: number, count: number): Segment[] {
    if (count > MAX_SEGMENTS) throw new ElfError('bounds_exceeded', `it has ${count} program headers`);
    if (count > 0 && entrySize !== 56) throw new ElfError('damaged_elf', `program headers of ${entrySize} bytes`);
    const view = this.bytes.read(offset, count * 56);
    return Array.from({ length: count }, (_, index) => {
      const at = index * 56;
      return {
        type: view.getUint32(at, true),
        executable: (view.getUint32(at + 4, true) & 1) !== 0,
        offset: word(view, at + 8),
        address: word(view, at + 16),
        fileSize: word(view, at + 32),
        size: word(view, at + 40),
        align: word(view, at + 48),
      };
    });
  }

  #readDynamic(): Map<number, number> {
    const values = new Map<number, number>();
    const segment = this.#segment(SEGMENT.DYNAMIC);
    if (!segment) return values;
    const count = Math.floor(segment.fileSize / 16);
    if (count > MAX_DYNAMIC) throw new ElfError('bounds_exceeded', `its dynamic section has ${count} entries`);
    const view = this.bytes.read(segment.offset, count * 16);
    for (let at = 0; at < count * 16; at += 16) {
      const tag = view.getUint32(at, true);
      if (tag === 0) break;
      if (!values.has(tag) && KNOWN.has(tag)) values.set(tag, word(view, at + 8));
    }
    return values;
  }

  #readInterpreter(): string | undefined {
    const segment = this.#segment(SEGMENT.INTERP);
    if (!segment) return undefined;
    if (segment.fileSize > MAX_INTERPRETER) throw new ElfError('damaged_elf', 'the name of its linker has no end');
    const view = this.bytes.read(segment.offset, segment.fileSize);
    return Buffer.from(view.buffer).toString('latin1').split('\0', 1)[0]!;
  }
}

/** The fields that are checked; others may have any value. */
const KNOWN = new Set<number>(Object.values(DT));
