// SPDX-License-Identifier: Apache-2.0
import { AT_ENTRY, auxiliaryValue } from '../../procfs/auxv.ts';
import { type Mapping, mappingAt, readMaps } from '../../procfs/maps.ts';
import { contextsIn } from '../service/context-mappings.ts';
import { type ThreadContextSchema, threadContextSchema } from '../service/context-payload.ts';
import { readContext } from '../service/process-context.ts';
import { PublisherFiles } from './publisher-file.ts';
import { type Reason, reasonOf } from './reason.ts';
import { type Found, type Limits, type Places, Search, type SearchTarget } from './search.ts';
import { type Machine, machineOf } from './tls/machine.ts';

export type { Reason } from './reason.ts';
export type { Limits, Places } from './search.ts';
export type { Libc, TlsLocation } from './tls/locate.ts';

/** Where the threads of a process have their contexts, and the names of the attributes in these; or why there are none. */
export type ThreadContexts = (Places & { keys: readonly string[] }) | { reason: Reason };

/** Browsers and desktop programs have 200 to 400 libraries. */
const LIMITS: Limits = { files: 1024, milliseconds: 100 };

/** Locates thread contexts. It remembers files, so that a library is read only for the first process that maps it. */
export class ThreadContextLocator {
  readonly #machine: Machine | undefined;
  readonly #files: PublisherFiles | undefined;
  /** With the variables that they do not export. */
  readonly #wholeFiles: PublisherFiles | undefined;
  readonly #limits: Limits;
  readonly #proc: string;

  constructor({ limits = LIMITS, machine = machineOf(), proc = '/proc' } = {}) {
    this.#machine = machine;
    this.#files = machine && new PublisherFiles(machine);
    this.#wholeFiles = machine && new PublisherFiles(machine, { unexported: true });
    this.#limits = limits;
    this.#proc = proc;
  }

  /**
   * Locates the contexts of a process, and never throws. It does not wait for a program that the process chose, as far as it can
   * know that beforehand (ProcessMemory, FileSystems). But it needs the process's mmap lock to read maps and memory, and may wait
   * as long as a thread that stalls with that lock.
   *
   * The result holds until the process calls exec or unloads the library. A library that it loads later is not seen.
   */
  locate(pid: number): ThreadContexts {
    if (!this.#machine || !this.#files || !this.#wholeFiles) return { reason: 'other_machine' };
    try {
      const folder = `${this.#proc}/${pid}`;
      const mappings = readMaps(folder);
      if (!mappings) return { reason: 'too_many_mappings' };
      if (mappings.length === 0) return { reason: 'no_mappings' };
      const entry = mappingAt(mappings, auxiliaryValue(folder, AT_ENTRY) ?? 0n);
      const target = { pid, mappings, entry, machine: this.#machine, proc: this.#proc };
      const exported = search({ ...target, files: this.#files }, this.#limits);
      const announced = announcedSchema(folder, mappings);
      const keys = announced?.keys ?? [];
      if (!('reason' in exported)) return { ...exported, keys };
      if (!announced) return exported;
      // Some milliseconds for a large program, so only for a process that says that it has the variable.
      const all = search({ ...target, files: this.#wholeFiles }, this.#limits);
      if (!('reason' in all)) return { ...all, keys };
      return all.reason === 'no_symbol' ? { reason: 'not_exported' } : all;
    } catch (error) {
      return { reason: reasonOf(error, 'gone') };
    }
  }
}

function search(target: SearchTarget, limits: Limits): Found {
  const one = new Search(target);
  try {
    return one.run(limits);
  } finally {
    one.close();
  }
}

/** What the process says of its thread contexts in its process context. */
function announcedSchema(folder: string, mappings: readonly Mapping[]): ThreadContextSchema | undefined {
  const context = readContext(folder, contextsIn(mappings));
  return context && threadContextSchema(context.payload);
}

let shared: ThreadContextLocator | undefined;

/** Locates with one shared locator, which remembers the files of all earlier processes. */
export function locateThreadContexts(pid: number, proc = '/proc'): ThreadContexts {
  shared ??= new ThreadContextLocator({ proc });
  return shared.locate(pid);
}
