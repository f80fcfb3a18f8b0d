// SPDX-License-Identifier: Apache-2.0
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { systemWords } from '../errors.ts';
import { comparableAddress, freeTable, readKallsyms, readKallsymsInParts, type SymbolTable } from './kallsyms.ts';

/** An address further than this from the preceding symbol belongs to code without a symbol. */
const MAX_FUNCTION_SIZE = 1 << 20;
/** The table, 5 to 13 MB, is not kept longer: once the usual stacks are known, new ones are rare, and it is read again. */
const KEEP_MS = 10_000;

/**
 * Names kernel addresses as `symbol+0xoffset [module]`. /proc/kallsyms is opened at once: the kernel checks the permission
 * then, and it stays with the descriptor. The file is read on demand, kept for a while, and read again when modules change.
 */
export class KernelSymbols {
  /** Why the file could not be opened. */
  readonly obstacle: string | undefined;
  readonly #file: number | undefined;
  readonly #modulesPath: string;
  #modules: string | undefined;
  #table: SymbolTable | undefined;
  #drop: NodeJS.Timeout | undefined;
  /** Changes when the table that is being read must not be used. */
  #version = 0;
  #closed = false;

  constructor(paths = { kallsyms: '/proc/kallsyms', modules: '/proc/modules' }) {
    this.#modulesPath = paths.modules;
    this.#modules = this.#readModules();
    try {
      this.#file = openSync(paths.kallsyms, 'r');
    } catch (error) {
      this.obstacle = systemWords(error);
    }
  }

  /**
   * False when the kernel hides its addresses from this process (no CAP_SYSLOG, or kptr_restrict) or has no symbol
   * table: names are then addresses. Reads several lines: on x86 up to 6.14 the first one is zero for everybody, because
   * per-CPU symbols start at zero.
   */
  get available(): boolean {
    if (this.#file === undefined) return false;
    const start = Buffer.alloc(4096);
    const size = readSync(this.#file, start, 0, start.length, 0);
    return /^[0-9a-f]*[1-9a-f][0-9a-f]* /m.test(start.toString('latin1', 0, size));
  }

  /** True when modules were loaded or unloaded since the last call: earlier names may be wrong now. */
  modulesChanged(): boolean {
    // A kernel without modules never gets any.
    if (this.#modules === undefined) return false;
    const modules = this.#readModules();
    if (modules === this.#modules) return false;
    this.#modules = modules;
    this.#dropTable();
    return true;
  }

  /**
   * Reads the file, if it has to be read, in parts: other work has its turn in between. Otherwise `name` reads all at once, for
   * a tenth of a second and more.
   * @returns undefined when the symbols are at hand
   */
  load(): Promise<void> | undefined {
    return this.#table || this.#file === undefined ? undefined : this.#load(this.#file);
  }

  async #load(file: number): Promise<void> {
    for (;;) {
      const version = this.#version;
      const parts = readKallsymsInParts(file);
      let part = parts.next();
      for (; !part.done && !this.#closed; part = parts.next()) await nextTurn();
      if (!part.done) return;
      if (version === this.#version && !this.#table) return this.#keep(part.value);
      freeTable(part.value);
      if (this.#table) return;
    }
  }

  name(address: bigint): string {
    const { addresses, nameStarts, names } = this.#symbols();
    const wanted = comparableAddress(address);
    let low = 0;
    let high = addresses.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (addresses[middle]! <= wanted) low = middle + 1;
      else high = middle;
    }
    const index = low - 1;
    if (index < 0 || wanted - addresses[index]! > MAX_FUNCTION_SIZE) return `0x${address.toString(16)}`;
    const start = nameStarts[index]!;
    const [symbol, module] = names.toString('latin1', start, names.indexOf('\n', start)).split('\t');
    return `${symbol}+0x${(wanted - addresses[index]!).toString(16)}${module ? ` ${module}` : ''}`;
  }

  close(): void {
    this.#closed = true;
    this.#dropTable();
    if (this.#file !== undefined) closeSync(this.#file);
  }

  #symbols(): SymbolTable {
    if (this.#table) return this.#table;
    const table =
      this.#file === undefined
        ? { addresses: new Float64Array(0), nameStarts: new Uint32Array(0), names: Buffer.alloc(0) }
        : readKallsyms(this.#file);
    this.#keep(table);
    return table;
  }

  #keep(table: SymbolTable): void {
    this.#table = table;
    this.#drop = setTimeout(() => this.#dropTable(), KEEP_MS).unref();
  }

  #dropTable(): void {
    clearTimeout(this.#drop);
    this.#version += 1;
    if (this.#table) freeTable(this.#table);
    this.#table = undefined;
  }

  /** The list of modules without reference counts, which change all the time; undefined on a kernel without modules. */
  #readModules(): string | undefined {
    try {
      return readFileSync(this.#modulesPath, 'latin1').replace(/^(\S+ \d+) \d+ /gm, '$1 ');
    } catch {
      return undefined;
    }
  }
}
