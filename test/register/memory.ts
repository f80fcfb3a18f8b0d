// SPDX-License-Identifier: Apache-2.0
// The memory of another process, from /proc.
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';

export interface Mapping {
  start: number;
  end: number;
  writable: boolean;
  offset: number;
  name: string;
}

export class Memory {
  readonly pid: number;
  readonly #fd: number;

  constructor(pid: number) {
    this.pid = pid;
    this.#fd = openSync(`/proc/${pid}/mem`, 'r');
  }

  close(): void {
    closeSync(this.#fd);
  }

  bytes(address: number, size: number): Buffer {
    const bytes = Buffer.alloc(size);
    const count = readSync(this.#fd, bytes, 0, size, address);
    if (count !== size) throw new Error(`read ${count} of ${size} bytes at 0x${address.toString(16)}`);
    return bytes;
  }

  /** Addresses are below 2^53. */
  word(address: number): bigint {
    return this.bytes(address, 8).readBigUInt64LE();
  }

  pointer(address: number): number {
    return Number(this.word(address));
  }

  mappings(): Mapping[] {
    return readFileSync(`/proc/${this.pid}/maps`, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => {
        const [, start, end, mode, offset, name] = /^(\w+)-(\w+) (\S+) (\w+) \S+ \d+ *(.*)$/.exec(line)!;
        const hex = (digits: string | undefined) => Number.parseInt(digits!, 16);
        return { start: hex(start), end: hex(end), writable: mode![1] === 'w', offset: hex(offset), name: name! };
      });
  }
}
