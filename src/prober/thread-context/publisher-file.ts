// SPDX-License-Identifier: Apache-2.0
import { basename } from 'node:path';
import { Lru } from '../../lru.ts';
import { Elf } from './elf/elf.ts';
import { ElfError } from './elf/elf-error.ts';
import { FileBytes } from './elf/file-bytes.ts';
import { type MappedFile, withMappedFile } from './mapped-file.ts';
import type { Reason } from './reason.ts';
import { findTlsSource, type Libc, type TlsSource } from './tls/locate.ts';
import type { Machine } from './tls/machine.ts';

/** The two variables of the thread context (OTEP 4947). */
export const SYMBOLS = { v1: 'otel_thread_ctx_v1', nodejs: 'otel_thread_ctx_nodejs_v1' } as const;

/** The variables in a file, the same in every process that loads it. */
export interface FileFacts {
  elf: Elf | undefined;
  /** The libc whose dynamic linker it names. Executables name one, and so does glibc's libc.so.6. */
  libc: Libc | undefined;
  v1: TlsSource | undefined;
  nodejs: TlsSource | undefined;
  /** The reason why the rest is missing. */
  failure: Reason | undefined;
}

/** A host uses some thousand libraries. The entry of a file without the symbols takes about 100 bytes. */
const MAX_FILES = 4096;

/** Remembers files: nearly all have neither symbol, and most processes map the same ones. */
export class PublisherFiles {
  readonly #machine: Machine;
  readonly #unexported: boolean;
  readonly #files = new Lru<string, FileFacts>(MAX_FILES);

  /** @param unexported whether to look in the symbol tables for debuggers, too, if the file has one */
  constructor(machine: Machine, { unexported = false } = {}) {
    this.#machine = machine;
    this.#unexported = unexported;
  }

  /** @throws the system's error when the file cannot be opened */
  factsOf(file: MappedFile): FileFacts {
    return this.#files.getOrMake(file.identity, () =>
      withMappedFile(file, (descriptor, size) => this.#read(descriptor, size)),
    );
  }

  get size(): number {
    return this.#files.size;
  }

  #read(descriptor: number, size: number): FileFacts {
    try {
      const elf = new Elf(new FileBytes(descriptor, size), this.#machine);
      const [v1, nodejs] = [SYMBOLS.v1, SYMBOLS.nodejs].map((name) =>
        findTlsSource(elf, this.#machine, name, this.#unexported),
      );
      const libc = libcOf(elf);
      if (v1 || nodejs) return { elf, libc, v1, nodejs, failure: undefined };
      return libc === undefined ? NOTHING : nothing('no_symbol', libc);
    } catch (error) {
      // Not remembered: it may be readable later, or in another process.
      if (!(error instanceof ElfError) || error.reason === 'unreadable_file') throw error;
      return failures[error.reason];
    }
  }
}

/** The libc of a file, by the name of its dynamic linker. The name, such as /lib/ld-musl-x86_64.so.1, is part of the ABI. */
function libcOf({ interpreter }: Elf): Libc | undefined {
  if (interpreter === undefined) return undefined;
  return basename(interpreter).startsWith('ld-musl-') ? 'musl' : 'glibc';
}

function nothing(failure: Reason, libc?: Libc): FileFacts {
  return { elf: undefined, libc, v1: undefined, nodejs: undefined, failure };
}

/** Shared by thousands of files without the symbols. */
const NOTHING = nothing('no_symbol');
const failures = {
  not_elf: nothing('not_elf'),
  other_machine: nothing('other_machine'),
  damaged_elf: nothing('damaged_elf'),
  bounds_exceeded: nothing('bounds_exceeded'),
} as const;
