// SPDX-License-Identifier: Apache-2.0
/** The reasons why no thread context was found in a process, each with a counter, from the most to the least specific. */
export const REASONS = {
  gone: 'the process has ended, or runs another program now',
  no_permission: 'its memory map, files or memory may not be read',
  no_mappings: 'it has no memory of its own: a kernel thread, or ended',
  too_many_mappings: 'it has more mappings than are read',
  other_machine: 'its executable is for another kind of machine, or 32-bit',
  /** The descriptor or the GOT has no value yet; another try may succeed. */
  not_relocated: 'the dynamic linker has not filled in the place yet',
  no_relocation: 'the file that has the symbol does not say how it reaches it',
  bounds_exceeded: 'a file asks for more reading than is done for one',
  damaged_elf: 'an ELF file contradicts itself',
  /** More files or time than one process may take. */
  too_much_work: 'searching it takes more files or time than one process may take',
  unsafe_file_system: 'a file is on a file system whose reads may never return',
  unreadable_file: 'a file could not be opened or read',
  not_elf: 'its executable is not an ELF file',
  no_symbol: 'no file in it has the symbol: it publishes nothing',
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
