// SPDX-License-Identifier: Apache-2.0
import { closeSync, openSync, readSync } from 'node:fs';
import { pageBytes } from './auxv.ts';
import { attempt } from './proc-file.ts';

/** Bits of an entry (Documentation/admin-guide/mm/pagemap.rst). */
const PRESENT = 1n << 63n;
const SWAPPED = 1n << 62n;
const WRITE_PROTECTED = 1n << 57n;
const ENTRY = 8;
/** Addresses from here on belong to the kernel, and do not fit a file position. */
const END = 1n << 63n;

/**
 * The page table of another process, from /proc/PID/pagemap. It shows which memory can be read without waiting for another
 * program.
 *
 * A page that is present is read at once, whatever file or device it belongs to. Others must be brought in first, and the process chooses who does that: a page of a file in a FUSE file system comes when the program behind it delivers it. The kernel alone brings a
 * swapped page. But pagemap also marks pages as swapped that were never present and that userfaultfd write-protects (a PTE
 * marker; PM_UFFD_WP), in any file from Linux 6.7 on: these do not count. The process can still take a page away between this
 * check and the read.
 */
export class Pagemap {
  readonly #file: number;

  /** @param folder /proc/PID @throws the system's error, such as EACCES or ENOENT */
  constructor(folder: string) {
    this.#file = openSync(`${folder}/pagemap`, 'r');
  }

  /** Whether all pages of a range are present or swapped. */
  isThere(address: bigint, bytes: number): boolean {
    const end = address + BigInt(bytes);
    if (address < 0n || bytes <= 0 || end > END) return false;
    const page = pageSize();
    const first = address / page;
    const entries = Buffer.allocUnsafe(Number((end - 1n) / page - first + 1n) * ENTRY);
    if (readAt(this.#file, first * BigInt(ENTRY), entries) !== entries.length) return false;
    for (let at = 0; at < entries.length; at += ENTRY) {
      const entry = entries.readBigUInt64LE(at);
      const isSwapped = (entry & (SWAPPED | WRITE_PROTECTED)) === SWAPPED;
      if ((entry & PRESENT) === 0n && !isSwapped) return false;
    }
    return true;
  }

  close(): void {
    closeSync(this.#file);
  }
}

/** The same for one range of a process's memory; false without the right to ask. @param folder /proc/PID */
export function isThere(folder: string, address: bigint, bytes: number): boolean {
  const pagemap = attempt(() => new Pagemap(folder));
  if (pagemap === undefined) return false;
  try {
    return pagemap.isThere(address, bytes);
  } finally {
    pagemap.close();
  }
}

/** @returns the number of bytes read, 0 on failure */
export function readAt(file: number, position: bigint, into: Buffer): number {
  try {
    return readSync(file, into, 0, into.length, position);
  } catch {
    return 0;
  }
}

let known: bigint | undefined;

function pageSize(): bigint {
  known ??= BigInt(pageBytes());
  return known;
}
