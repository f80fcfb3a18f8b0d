// SPDX-License-Identifier: Apache-2.0
import type { Reason } from '../reason.ts';

/** The only error that reading an ELF file throws. */
export class ElfError extends Error {
  override readonly name = 'ElfError';
  readonly reason: Reason & ('not_elf' | 'other_machine' | 'damaged_elf' | 'bounds_exceeded' | 'unreadable_file');

  constructor(reason: ElfError['reason'], message: string) {
    super(message);
    this.reason = reason;
  }
}
