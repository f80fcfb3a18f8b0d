// SPDX-License-Identifier: Apache-2.0

import { type Mapping, mappingAt } from '../../procfs/maps.ts';
import { FileSystems } from '../../procfs/mountinfo.ts';
import { ProcessMemory } from '../../procfs/remote-memory.ts';
import { findMappedFile } from './mapped-file.ts';
import { type FileFacts, type PublisherFiles, SYMBOLS } from './publisher-file.ts';
import { moreSpecific, type Reason, reasonOf } from './reason.ts';
import { type Libc, locate, type TlsLocation, type TlsSource } from './tls/locate.ts';
import type { Machine } from './tls/machine.ts';

/** The place where the threads of a process publish their active span (OTEP 4947). */
export interface ThreadContexts {
  /** The place of a pointer to the record; the pointer is NULL outside of spans. */
  v1?: TlsLocation;
  /** The place of the struct that Node.js publishers have. */
  nodejs?: TlsLocation;
  /** The reason when both are missing. */
  reason?: Reason;
}

export interface Limits {
  files: number;
  /** Checked between files, so that one file can take some milliseconds more. */
  milliseconds: number;
}

/** The most mappings of one file's code: pieces of one module, or the same file loaded again (dlmopen). */
const MAX_PIECES = 8;

const NAMES = Object.keys(SYMBOLS) as (keyof typeof SYMBOLS)[];

/** The process to search, with what is already known. */
export interface SearchTarget {
  pid: number;
  mappings: readonly Mapping[];
  /** The mapping in which the kernel started the program: its executable. */
  entry: Mapping | undefined;
  machine: Machine;
  files: PublisherFiles;
  proc: string;
}

/** The search through one process. Needs `close()`. */
export class Search {
  readonly #target: SearchTarget;
  readonly #fileSystems: FileSystems;
  readonly #found: ThreadContexts = {};
  #reason: Reason = 'no_symbol';
  #libc: Libc | undefined;
  #memory: ProcessMemory | undefined;

  constructor(target: SearchTarget) {
    this.#target = target;
    this.#fileSystems = new FileSystems(target.pid, target.proc);
  }

  run(limits: Limits): ThreadContexts {
    const deadline = performance.now() + limits.milliseconds;
    let files = 0;
    for (const pieces of filesWithCode(this.#target.mappings, this.#target.entry)) {
      if (files++ === limits.files || performance.now() > deadline) {
        this.#failed('too_much_work');
        break;
      }
      this.#searchFile(pieces);
      if (NAMES.every((name) => this.#found[name])) break;
    }
    return this.#found.v1 || this.#found.nodejs ? this.#found : { reason: this.#reason };
  }

  close(): void {
    this.#memory?.close();
  }

  #searchFile(pieces: readonly Mapping[]): void {
    const isExecutable = sameFile(pieces[0]!, this.#target.entry);
    if (!this.#fileSystems.isLocal(pieces[0]!.device)) {
      this.#failed('unsafe_file_system');
      return;
    }
    let facts: FileFacts;
    try {
      facts = this.#target.files.factsOf(findMappedFile(this.#target.pid, pieces[0]!, this.#target.proc));
    } catch (error) {
      this.#failed(reasonOf(error, 'unreadable_file'));
      return;
    }
    // The executable comes first. If it names no linker, libc.so.6 does.
    this.#libc ??= facts.libc;
    const { failure } = facts;
    // Programs map all sorts of files as code: these failures matter for the executable only.
    if (failure && (isExecutable || (failure !== 'not_elf' && failure !== 'other_machine'))) this.#failed(failure);
    for (const name of NAMES) {
      const source = facts[name];
      if (source && !this.#found[name]) this.#locate(name, source, facts, pieces, isExecutable);
    }
  }

  #locate(
    name: keyof typeof SYMBOLS,
    source: TlsSource,
    { elf }: FileFacts,
    pieces: readonly Mapping[],
    isExecutable: boolean,
  ): void {
    for (const piece of pieces) {
      const base = elf?.baseOf(piece);
      if (base === undefined) continue;
      const loaded = {
        base,
        isExecutable,
        libc: this.#libc ?? 'glibc',
        isMapped: (address: bigint) => mappingAt(this.#target.mappings, address) !== undefined,
      };
      const result = locate(source, loaded, this.#target.machine, {
        read: (address, length) => {
          this.#memory ??= new ProcessMemory(`${this.#target.proc}/${this.#target.pid}`);
          return this.#memory.read(address, length);
        },
      });
      if (typeof result === 'object') {
        this.#found[name] = result;
        return;
      }
      this.#failed(result);
    }
  }

  #failed(reason: Reason): void {
    this.#reason = moreSpecific(this.#reason, reason);
  }
}

/** The mapped pieces of code of each file, the executable's first. Fonts, archives and data are left out. */
function filesWithCode(mappings: readonly Mapping[], entry: Mapping | undefined): Mapping[][] {
  const files = new Map<string, Mapping[]>();
  for (const mapping of entry ? [entry, ...mappings] : mappings) {
    if (mapping.inode === 0 || mapping.permissions[2] !== 'x') continue;
    const key = `${mapping.device} ${mapping.inode}`;
    const pieces = files.get(key);
    if (!pieces) files.set(key, [mapping]);
    else if (pieces.length < MAX_PIECES && mapping !== pieces[0]) pieces.push(mapping);
  }
  return [...files.values()];
}

function sameFile(a: Mapping, b: Mapping | undefined): boolean {
  return a.inode === b?.inode && a.device === b.device;
}
