// SPDX-License-Identifier: Apache-2.0
/** The reasons why a process has no thread context, from the most to the least specific. Each has a counter. */
export const REASONS = {
  gone: 'it has ended, or runs another program now',
  no_permission: 'there is no permission to read its memory map, files or memory',
  no_mappings: 'it has no user memory: it is a kernel thread, or has ended',
  too_many_mappings: 'it has more mappings than the prober reads',
  other_machine: 'its executable is 32-bit or for another architecture',
  /** The descriptor or the GOT entry is still empty; a later probe may succeed. */
  not_relocated: 'the dynamic linker has not relocated the symbol yet',
  no_relocation: 'the file that defines the symbol has no relocation for it',
  bounds_exceeded: 'one of its files takes more reads than a file may take',
  damaged_elf: 'one of its ELF files contradicts itself',
  too_much_work: 'a search takes more files or CPU time than one process may take',
  unsafe_file_system: 'one of its files is on a file system whose reads may never return',
  unreadable_file: 'one of its files cannot be opened or read',
  not_elf: 'its executable is not an ELF file',
  not_exported:
    'it announces thread contexts, but no file exports the symbol: link with --export-dynamic-symbol=otel_thread_ctx_v1',
  no_symbol: 'it publishes no spans, as none of its files has the symbol',
} as const;

export type Reason = keyof typeof REASONS;

const ORDER = Object.keys(REASONS) as Reason[];

/** The more specific of two reasons. */
export function moreSpecific(a: Reason, b: Reason): Reason {
  return ORDER.indexOf(a) <= ORDER.indexOf(b) ? a : b;
}

/** The reason behind a failed system call. @param ifMissing the reason for ENOENT */
export function reasonOf(error: unknown, ifMissing: Reason): Reason {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'EACCES' || code === 'EPERM') return 'no_permission';
  if (code === 'ESRCH') return 'gone';
  return code === 'ENOENT' ? ifMissing : 'unreadable_file';
}
