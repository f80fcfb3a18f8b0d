// SPDX-License-Identifier: Apache-2.0

/** The differences between processors in thread-local variables (ELF psABI supplements, and the two libcs). */
export interface Machine {
  /** e_machine of the ELF header. */
  elf: number;
  /** Relocation types. */
  relocation: { module: number; offset: number; static: number; descriptor: number };
  /**
   * The start of the executable's block of thread-local variables, relative to the thread pointer. Linkers write it into
   * code, so no dynamic linker may choose another (lld's getTlsTpOffset).
   */
  executableBlock(tls: { address: number; size: number; align: number }): bigint;
  /** Whether a distance from the thread pointer can be that of a thread-local variable. */
  isStaticOffset(offset: bigint): boolean;
}

/** No block is further from the thread pointer: its size counts towards each thread's stack. */
const FAR = 1n << 31n;

const X86_64: Machine = {
  elf: 62,
  relocation: { module: 16, offset: 17, static: 18, descriptor: 36 },
  // TLS variant II: blocks end at the thread pointer.
  executableBlock: ({ address, size, align }) => {
    const gap = modulo(-BigInt(address) - BigInt(size), BigInt(align));
    return -(BigInt(size) + gap);
  },
  isStaticOffset: (offset) => offset < 0n && offset >= -FAR,
};

const ARM64: Machine = {
  elf: 183,
  relocation: { module: 1028, offset: 1029, static: 1030, descriptor: 1031 },
  // TLS variant I: blocks start behind two words at the thread pointer.
  executableBlock: ({ address, align }) => 16n + modulo(BigInt(address) - 16n, BigInt(align)),
  isStaticOffset: (offset) => offset >= 16n && offset < FAR,
};

/** The machine of this process; undefined when it is not supported. */
export function machineOf(architecture: string = process.arch): Machine | undefined {
  return architecture === 'x64' ? X86_64 : architecture === 'arm64' ? ARM64 : undefined;
}

function modulo(value: bigint, by: bigint): bigint {
  return ((value % by) + by) % by;
}
