// SPDX-License-Identifier: Apache-2.0

import type { Memory } from '../../../procfs/remote-memory.ts';
import type { Elf } from '../elf/elf.ts';
import { findTlsRelocation, type TlsRelocation } from '../elf/relocations.ts';
import { findTlsSymbol } from '../elf/symbols.ts';
import type { Reason } from '../reason.ts';
import type { Machine } from './machine.ts';

export type Libc = 'glibc' | 'musl';

/** The place where each thread of a process has its own copy of a variable. */
export type TlsLocation =
  /** At the thread pointer plus `offset`, which is negative on x86-64 and positive on arm64. */
  | { kind: 'static'; offset: bigint }
  /** At `offset` in the block that the thread's DTV (dynamic thread vector) has for the module. */
  | {
      kind: 'dynamic';
      module: bigint;
      offset: bigint;
      libc: Libc;
      /**
       * glibc reuses the ids of unloaded modules. A DTV whose generation (its word 0) is lower than this is older than the
       * module, and its entry belongs to another one. 0 when unknown.
       */
      generation: bigint;
    };

/** A thread-local variable in a file, the same in every process. */
export interface TlsSource {
  /** Its offset from the thread pointer if the file is the executable. */
  asExecutable: bigint | undefined;
  /** Whether the file marks itself as an executable. */
  isExecutable: boolean;
  /** The variable's offset from the start of the file's variables. */
  value: bigint;
  relocation: TlsRelocation | undefined;
}

/** A file as loaded in a process. */
export interface LoadedModule {
  /** How far its addresses were moved. */
  base: bigint;
  isExecutable: boolean;
  libc: Libc;
  /** Whether anything is mapped at an address. */
  isMapped(address: bigint): boolean;
}

/** glibc counts modules from 1; no process has more than this. */
const MAX_MODULE = 1n << 20n;

/** @throws ElfError */
export function findTlsSource(elf: Elf, machine: Machine, name: string, unexported = false): TlsSource | undefined {
  const symbol = elf.tls && findTlsSymbol(elf, name, unexported);
  // A variable cannot begin beyond its segment.
  if (!symbol || symbol.value >= elf.tls!.size) return undefined;
  return {
    asExecutable: machine.executableBlock(elf.tls!) + BigInt(symbol.value),
    isExecutable: elf.isExecutable,
    value: BigInt(symbol.value),
    relocation: elf.isExecutable ? undefined : findTlsRelocation(elf, machine, symbol),
  };
}

/** The place of the variable, from the words that the dynamic linker has filled in. */
export function locate(
  source: TlsSource,
  loaded: LoadedModule,
  machine: Machine,
  memory: Memory,
): TlsLocation | Reason {
  if (loaded.isExecutable || source.isExecutable) {
    const offset = source.asExecutable;
    return offset !== undefined && machine.isStaticOffset(offset) ? { kind: 'static', offset } : 'damaged_elf';
  }
  const { relocation } = source;
  if (!relocation) return 'no_relocation';
  const words = memory.read(loaded.base + BigInt(relocation.place), relocation.kind === 'static' ? 8 : 16);
  if (!words) return 'not_relocated';
  // The target of the words: the variable itself, or, where no symbol is named, the place `addend` in the same block.
  const about = relocation.byName ? source.value + BigInt(relocation.addend) : BigInt(relocation.addend);
  /** From there to the variable. */
  const rest = source.value - about;
  switch (relocation.kind) {
    case 'static':
      return asStatic(words.readBigInt64LE(0) + rest, machine);
    case 'descriptor':
      return ofDescriptor(words.readBigInt64LE(8), about, rest, loaded, machine, memory);
    case 'module': {
      const module = words.readBigUInt64LE(0);
      // With a name, the linker fills in both words; without, the second belongs to the variable that it was made for.
      if (relocation.byName && words.readBigUInt64LE(8) !== about) return 'not_relocated';
      return asDynamic(module, source.value, 0n, loaded);
    }
  }
}

/**
 * Evaluates the second word of a TLS descriptor. The first is the function that turns it into an offset. glibc's
 * _dl_tlsdesc_return and musl's __tlsdesc_static return the word as it is. Others serve blocks that are reached through the
 * DTV; for them the word points to { module id, offset }. These functions are hidden symbols of the dynamic linker, mostly
 * stripped, so the word itself must show which it is. A pointer lies in a mapping; a distance from the thread pointer
 * (negative on x86-64, small on arm64) does not. A pointer is believed when the offset behind it is the symbol's: up to 2.33
 * glibc leaves descriptors alone until first use, and the word then points to the relocation.
 */
function ofDescriptor(
  value: bigint,
  about: bigint,
  rest: bigint,
  loaded: LoadedModule,
  machine: Machine,
  memory: Memory,
): TlsLocation | Reason {
  if (value < 0n || !loaded.isMapped(value)) return asStatic(value + rest, machine);
  // glibc: struct tlsdesc_dynamic_arg { ti_module, ti_offset, gen_count }; musl: struct td_index { args[2], next }.
  const index = memory.read(value, 24);
  if (!index || index.readBigUInt64LE(8) !== about) return 'not_relocated';
  const generation = loaded.libc === 'glibc' ? index.readBigUInt64LE(16) : 0n;
  return asDynamic(index.readBigUInt64LE(0), about + rest, generation, loaded);
}

/** An empty place holds 0, which is not a valid distance either. */
function asStatic(offset: bigint, machine: Machine): TlsLocation | Reason {
  return machine.isStaticOffset(offset) ? { kind: 'static', offset } : 'not_relocated';
}

function asDynamic(module: bigint, offset: bigint, generation: bigint, { libc }: LoadedModule): TlsLocation | Reason {
  if (module < 1n || module > MAX_MODULE) return 'not_relocated';
  return { kind: 'dynamic', module, offset, libc, generation };
}
