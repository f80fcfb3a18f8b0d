// SPDX-License-Identifier: Apache-2.0
import { readProcFile } from './proc-file.ts';

/** As many mappings as a process may have by default (65530), some 100 bytes each. */
const MOST_BYTES = 8 * 1024 * 1024;
/** A process may make as many mappings of that name as it likes. */
const MOST_CONTEXTS = 4;
const NAME = 'OTEL_CTX';
const CONTEXT =
  /^([0-9a-f]+)-[0-9a-f]+ r\S+ [0-9a-f]+ (\S+) \d+ +(?:\/memfd:OTEL_CTX|\[anon:OTEL_CTX\]|\[anon_shmem:OTEL_CTX\])/;
/** Two addresses of 16 digits, four letters, an offset, a device. */
const FIRST_FIELDS = 80;
const MAPPING = /^([0-9a-f]+)-([0-9a-f]+) \S+ [0-9a-f]+ (\S+)/;

/**
 * Devices of memory that the kernel itself provides: without a file, and of its own tmpfs (memfd, shared anonymous). Any
 * other page may be one of a file system in user space, and whoever reads it waits for as long as that likes.
 */
const MEMORY = new Set(['00:00', '00:01']);

/** The mappings of a process: /proc/PID/maps. */
export class Maps {
  readonly #bytes: Buffer;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** undefined when they may not be looked at. @param folder /proc/PID */
  static read(folder: string): Maps | undefined {
    const bytes = readProcFile(`${folder}/maps`, MOST_BYTES);
    return bytes && new Maps(bytes);
  }

  /** Where a process context may begin, by the name of its mapping (OTEP 4719). */
  contexts(): bigint[] {
    const found: bigint[] = [];
    const bytes = this.#bytes;
    for (let at = bytes.indexOf(NAME); at >= 0 && found.length < MOST_CONTEXTS; ) {
      const end = endOfLine(bytes, at);
      const [, start, device] = CONTEXT.exec(bytes.toString('latin1', bytes.lastIndexOf('\n', at) + 1, end)) ?? [];
      if (start !== undefined && MEMORY.has(device!)) found.push(BigInt(`0x${start}`));
      at = bytes.indexOf(NAME, end);
    }
    return found;
  }

  /** Whether reading so many bytes there cannot take long: all of them are in one mapping of memory. */
  isMemory(address: number, size = 1): boolean {
    const [, first, behind, device] = MAPPING.exec(this.#lineOf(address)) ?? [];
    return Number(`0x${first}`) <= address && address + size <= Number(`0x${behind}`) && MEMORY.has(device!);
  }

  /** The last mapping that begins at or before this address: they are in order. */
  #lineOf(address: number): string {
    const bytes = this.#bytes;
    let line = '';
    for (let from = 0, to = bytes.length; from < to; ) {
      const middle = (from + to) >> 1;
      const start = middle === 0 ? 0 : bytes.lastIndexOf('\n', middle - 1) + 1;
      const text = bytes.toString('latin1', start, Math.min(endOfLine(bytes, start), start + FIRST_FIELDS));
      if (Number.parseInt(text, 16) <= address) {
        line = text;
        from = endOfLine(bytes, start) + 1;
      } else {
        to = start;
      }
    }
    return line;
  }
}

function endOfLine(bytes: Buffer, at: number): number {
  const end = bytes.indexOf('\n', at);
  return end < 0 ? bytes.length : end;
}
