// SPDX-License-Identifier: Apache-2.0

import type { Memory } from '../../../procfs/remote-memory.ts';
import type { Elf } from '../elf/elf.ts';
import { findTlsRelocation, type TlsRelocation } from '../elf/relocations.ts';
import { findTlsSymbol } from '../elf/symbols.ts';
import type { Reason } from '../reason.ts';
import type { Machine } from './machine.ts';

export type Libc = 'glibc' | 'musl';

/** Where each thread of a process has its own copy of a variable. */
export type TlsLocation =
  /** At the thread pointer plus `offset`, which is signed: negative on x86-64, positive on arm64. */
  | { kind: 'static'; offset: bigint }
  /** `offset` bytes into the block that the thread's DTV (dynamic thread vector) has for the module. */
  | {
      kind: 'dynamic';
      module: bigint;
      offset: bigint;
      libc: Libc;
      /**
       * glibc gives ids of unloaded modules out again. A DTV whose generation (its word 0) is lower than this is from
       * before the module was loaded, and its entry another module's. 0 when it is not known.
       */
      generation: bigint;
    };

/** A thread-local variable in a file, in whichever process it is loaded. */
export interface TlsSource {
  /** Its offset from the thread pointer if the file is the executable. */
  asExecutable: bigint | undefined;
  /** Whether the file says itself that it is an executable. */
  isExecutable: boolean;
  /** Of the variable, from the start of the file's. */
  value: bigint;
  relocation: TlsRelocation | undefined;
}

/** A file in a process. */
export interface LoadedModule {
  /** How far its addresses were moved. */
  base: bigint;
  isExecutable: boolean;
  libc: Libc;
  /** Whether anything is mapped at an address. */
  isMapped(address: bigint): boolean;
}

/** glibc counts modules from 1, and processes with more than this do not exist. */
const MAX_MODULE = 1n << 20n;

/** @throws ElfError */
export function findTlsSource(elf: Elf, machine: Machine, name: string): TlsSource | undefined {
  const symbol = elf.tls && findTlsSymbol(elf, name);
  // A variable cannot begin behind its segment.
  if (!symbol || symbol.value >= elf.tls!.size) return undefined;
  return {
    asExecutable: machine.executableBlock(elf.tls!) + BigInt(symbol.value),
    isExecutable: elf.isExecutable,
    value: BigInt(symbol.value),
    relocation: elf.isExecutable ? undefined : findTlsRelocation(elf, machine, symbol),
  };
}

/** The place of the variable, from what the dynamic linker has filled in. */
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
  // What the words are about: the variable itself, or, where no symbol is named, the place `addend` in the same block.
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
      // By name, both words are the linker's; else the second is about whichever variable it was made for.
      if (relocation.byName && words.readBigUInt64LE(8) !== about) return 'not_relocated';
      return asDynamic(module, source.value, 0n, loaded);
    }
  }
}

/**
 * The second word of a TLS descriptor. The first is the function that turns it into an offset: in glibc
 * _dl_tlsdesc_return and in musl __tlsdesc_static, which return the word as it is, or one of several for blocks that are
 * reached through the DTV, where the word points to { module id, offset }. These functions are hidden symbols of the
 * dynamic linker, mostly stripped, so the word itself has to tell. It does: a pointer lies in a mapping, a distance from
 * the thread pointer (negative on x86-64, small on arm64) in none. A pointer is believed when the offset behind it is the
 * symbol's: up to 2.33 glibc leaves descriptors alone until first use, and the word then points to the relocation.
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

/** A place that has not been filled in yet holds 0, which is not a distance either. */
function asStatic(offset: bigint, machine: Machine): TlsLocation | Reason {
  return machine.isStaticOffset(offset) ? { kind: 'static', offset } : 'not_relocated';
}

function asDynamic(module: bigint, offset: bigint, generation: bigint, { libc }: LoadedModule): TlsLocation | Reason {
  if (module < 1n || module > MAX_MODULE) return 'not_relocated';
  return { kind: 'dynamic', module, offset, libc, generation };
}
