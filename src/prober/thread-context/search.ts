// SPDX-License-Identifier: Apache-2.0
import { isDeepStrictEqual } from 'node:util';
import { type Mapping, mappingAt } from '../../procfs/maps.ts';
import { FileSystems } from '../../procfs/mountinfo.ts';
import { ProcessMemory } from '../../procfs/remote-memory.ts';
import { findMappedFile } from './mapped-file.ts';
import { type FileFacts, type PublisherFiles, SYMBOLS } from './publisher-file.ts';
import { moreSpecific, type Reason, reasonOf } from './reason.ts';
import { type Libc, locate, type TlsLocation, type TlsSource } from './tls/locate.ts';
import type { Machine } from './tls/machine.ts';

/**
 * The places where the threads of a process publish their active span (OTEP 4947). Each library that publishes has its own variable, and only a look at it during a span shows whether that one is used.
 */
export interface Places {
  /** Of pointers to the record; the pointer is NULL outside of spans. */
  v1: readonly TlsLocation[];
  /** Of the struct that Node.js publishers have. */
  nodejs: readonly TlsLocation[];
}

/** The places, or the reason why there are none. */
export type Found = Places | { reason: Reason };

export interface Limits {
  files: number;
  /** Of CPU time. Checked between files, so that one file can take some milliseconds more. */
  milliseconds: number;
}

/** The most mappings of one file's code: pieces of one module, or the same file loaded again (dlmopen). */
const MAX_PIECES = 8;

type Name = keyof typeof SYMBOLS;
const NAMES = Object.keys(SYMBOLS) as Name[];

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
  readonly #found: Record<Name, TlsLocation[]> = { v1: [], nodejs: [] };
  #reason: Reason = 'no_symbol';
  #libc: Libc | undefined;
  #memory: ProcessMemory | undefined;

  constructor(target: SearchTarget) {
    this.#target = target;
    this.#fileSystems = new FileSystems(target.pid, target.proc);
  }

  run(limits: Limits): Found {
    const before = process.threadCpuUsage();
    const isOver = () => {
      const { user, system } = process.threadCpuUsage(before);
      return (user + system) / 1000 > limits.milliseconds;
    };
    let files = 0;
    for (const pieces of filesWithCode(this.#target.mappings, this.#target.entry)) {
      if (files++ === limits.files || isOver()) {
        this.#failed('too_much_work');
        break;
      }
      this.#searchFile(pieces);
    }
    return NAMES.some((name) => this.#found[name].length > 0) ? this.#found : { reason: this.#reason };
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
      if (source) this.#locate(name, source, facts, pieces, isExecutable);
    }
  }

  #locate(name: Name, source: TlsSource, { elf }: FileFacts, pieces: readonly Mapping[], isExecutable: boolean): void {
    const bases = new Set(pieces.map((piece) => elf?.baseOf(piece)).filter((base) => base !== undefined));
    for (const base of bases) {
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
      if (typeof result !== 'object') this.#failed(result);
      // A library that is bound to the executable's variable leads to that one.
      else if (!this.#found[name].some((one) => isDeepStrictEqual(one, result))) this.#found[name].push(result);
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
