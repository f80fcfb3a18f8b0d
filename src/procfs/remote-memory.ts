// SPDX-License-Identifier: Apache-2.0
import { closeSync, openSync, readSync } from 'node:fs';
import { AT_PAGESZ, auxiliaryValue } from './auxv.ts';

/** No structure that is looked at is longer. */
const MAX_READ = 4096;
/** In /proc/PID/pagemap (Documentation/admin-guide/mm/pagemap.rst): the page is in memory, or in swap. */
const PRESENT_OR_SWAPPED = 3n << 62n;

export interface Memory {
  /** @returns undefined when it is not all there */
  read(address: bigint, length: number): Buffer | undefined;
}

/**
 * The memory of another process, through /proc/PID/mem. Needs the rights of a debugger; opening fails without.
 *
 * Only what is there already is read. A page that is not would have to be made present first, by a program of the
 * process's own choosing: a read of memory registered with userfaultfd, or mapped from a FUSE file system, lasts for as
 * long as that program likes. The process can still take a page away between the question and the read.
 */
export class ProcessMemory implements Memory {
  readonly #memory: number;
  readonly #pagemap: number;
  readonly #pageSize: bigint;

  /** @throws the system's error, such as EACCES or ENOENT */
  constructor(pid: number, proc = '/proc') {
    this.#pageSize = pageSize();
    this.#memory = openSync(`${proc}/${pid}/mem`, 'r');
    try {
      this.#pagemap = openSync(`${proc}/${pid}/pagemap`, 'r');
    } catch (error) {
      closeSync(this.#memory);
      throw error;
    }
  }

  read(address: bigint, length: number): Buffer | undefined {
    // Above are the kernel's addresses, and what does not fit a file position.
    if (address < 0n || length > MAX_READ || address + BigInt(length) > 1n << 63n) return undefined;
    for (let page = address / this.#pageSize; page * this.#pageSize < address + BigInt(length); page++) {
      const entry = readAt(this.#pagemap, page * 8n, 8)?.readBigUInt64LE();
      if (entry === undefined || (entry & PRESENT_OR_SWAPPED) === 0n) return undefined;
    }
    return readAt(this.#memory, address, length);
  }

  close(): void {
    closeSync(this.#memory);
    closeSync(this.#pagemap);
  }
}

function readAt(file: number, position: bigint, length: number): Buffer | undefined {
  const buffer = Buffer.alloc(length);
  try {
    return readSync(file, buffer, 0, length, position) === length ? buffer : undefined;
  } catch {
    return undefined;
  }
}

let known: bigint | undefined;

/** Of this kernel: 4096, but on arm64 also 16 or 64 KB. Node does not tell. */
function pageSize(): bigint {
  known ??= auxiliaryValue('self', AT_PAGESZ) ?? 4096n;
  return known;
}
