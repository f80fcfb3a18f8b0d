// SPDX-License-Identifier: Apache-2.0
import { closeSync, openSync } from 'node:fs';
import { Pagemap, readAt } from './pagemap.ts';
import { attempt } from './proc-file.ts';

/** The longest read; the payload of a process context may be that long. */
const MAX_READ = 64 * 1024;

export interface Memory {
  /** @returns undefined unless all of it can be read */
  read(address: bigint, length: number): Buffer | undefined;
}

/**
 * The memory of another process, from /proc/PID/mem, as far as Pagemap allows. Opening it needs the rights of a debugger.
 */
export class ProcessMemory implements Memory {
  readonly #memory: number;
  readonly #pagemap: Pagemap;

  /** @param folder /proc/PID @throws the system's error, such as EACCES or ENOENT */
  constructor(folder: string) {
    this.#pagemap = new Pagemap(folder);
    try {
      this.#memory = openSync(`${folder}/mem`, 'r');
    } catch (error) {
      this.#pagemap.close();
      throw error;
    }
  }

  read(address: bigint, length: number): Buffer | undefined {
    if (length === 0) return Buffer.alloc(0);
    if (length > MAX_READ || !this.#pagemap.isThere(address, length)) return undefined;
    const bytes = Buffer.allocUnsafe(length);
    return readAt(this.#memory, address, bytes) === length ? bytes : undefined;
  }

  close(): void {
    closeSync(this.#memory);
    this.#pagemap.close();
  }
}

/** Calls `use` with the memory of a process; returns undefined without the right to read it. @param folder /proc/PID */
export function withMemory<T>(folder: string, use: (memory: Memory) => T): T | undefined {
  const memory = attempt(() => new ProcessMemory(folder));
  if (memory === undefined) return undefined;
  try {
    return use(memory);
  } finally {
    memory.close();
  }
}
