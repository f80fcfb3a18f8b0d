// SPDX-License-Identifier: Apache-2.0
import { addon, type NativeObject } from './addon.ts';
import * as check from './check.ts';
import { BpfError } from './error.ts';
import { RingBuffer } from './ring.ts';

export interface LoadOptions {
  /** The bytes of a BPF ELF object. */
  object: Uint8Array;
  /** Names the object in messages and, shortened by the kernel, its global data in `bpftool map`. Default 'bpf'. */
  name?: string;
  /** Values of `const volatile` globals, by name. */
  constants?: Readonly<Record<string, number | bigint | boolean>>;
  /** The programs to load. When absent, all but those that the object itself marks as optional (`SEC("?...")`). */
  programs?: readonly string[];
  /** max_entries of maps, by name; for a ring buffer it is the size in bytes. */
  mapSizes?: Readonly<Record<string, number>>;
  /**
   * Maps that are somebody else's: paths in a BPF file system, by the names of the object's maps whose place they take. They
   * are of the same type and the same sizes of key and value, and cannot be changed through this object.
   */
  pinnedMaps?: Readonly<Record<string, string>>;
  /** A file with the BTF for CO-RE relocations, instead of the running kernel's. */
  btfPath?: string;
  /** Keep libbpf's debug messages in `log` as well. */
  verbose?: boolean;
}

export interface ProgramStats {
  name: string;
  /** 0 unless run-time statistics are enabled; see `enableRunTimeStats()`. */
  runTimeNs: number;
  runCount: number;
  /** Runs that the kernel skipped because the program was already running on that CPU. Always counted. */
  recursionMisses: number;
}

const OPTIONS = ['object', 'name', 'constants', 'programs', 'mapSizes', 'pinnedMaps', 'btfPath', 'verbose'] as const;

/** A BPF object in the kernel. `close()` it; a garbage-collected one is closed as well, but nobody knows when. */
export class BpfObject {
  readonly #native: NativeObject;
  readonly #rings = new Map<string, RingBuffer>();
  #closed = false;

  private constructor(native: NativeObject) {
    this.#native = native;
  }

  static load(options: LoadOptions): BpfObject {
    const given = check.record('The options of BpfObject.load()', options);
    check.onlyKeys('The options of BpfObject.load()', given, OPTIONS);
    return new BpfObject(
      new addon.NativeObject({
        object: check.bytes('object', given.object),
        name: check.text('name', given.name ?? 'bpf'),
        constants: check.integers('constants', given.constants ?? {}),
        programs: given.programs === undefined ? undefined : check.names('programs', given.programs),
        mapSizes: check.sizes('mapSizes', given.mapSizes ?? {}),
        pinnedMaps: check.texts('pinnedMaps', given.pinnedMaps ?? {}),
        btfPath: given.btfPath === undefined ? '' : check.text('btfPath', given.btfPath),
        verbose: check.flag('verbose', given.verbose ?? false),
      }),
    );
  }

  /**
   * Attaches the named programs, or all that are loaded, in that order; those that are attached already stay so. All or
   * nothing: when one fails, those that this call attached are detached again.
   */
  attach(programs?: readonly string[]): void {
    this.#native.attach(programs === undefined ? undefined : check.names('programs', programs));
  }

  /** Detaches all programs. Idempotent. Maps, rings and variables stay, and `attach()` works again. */
  detach(): void {
    this.#native.detach();
  }

  /**
   * Opens a ring buffer map for reading. `onReadable` is called on this thread after the BPF side woke its readers:
   * it should `drain()` until null. While open, the ring keeps the event loop and this object alive.
   */
  ringBuffer(map: string, onReadable: () => void): RingBuffer {
    const name = check.text('map', map);
    const callback = check.callback('onReadable', onReadable);
    if (this.#rings.has(name)) {
      throw new BpfError(`The ring buffer '${name}' is open already: a ring has one reader. Close that one first.`, {
        code: 'ALREADY_OPEN',
      });
    }
    // The addon holds this function until the ring is closed, and so the function holds this object: without it an object
    // that only its callback uses would be collected, and its programs detached.
    const native = new addon.NativeRing(this.#native, name, () => {
      if (this.#rings.get(name) === ring) callback();
    });
    const ring = new RingBuffer(native, () => {
      if (this.#rings.get(name) === ring) this.#rings.delete(name);
    });
    this.#rings.set(name, ring);
    return ring;
  }

  /** Stores a value in a hash or array map. Key and value are bytes of the sizes that the map has, in host order. */
  updateMap(map: string, key: Uint8Array, value: Uint8Array): void {
    this.#native.updateMap(check.text('map', map), check.someBytes('key', key), check.someBytes('value', value));
  }

  /** Removes a key from a hash map; one that is not there is fine. */
  deleteFromMap(map: string, key: Uint8Array): void {
    this.#native.deleteFromMap(check.text('map', map), check.someBytes('key', key));
  }

  /** A copy of a global variable's bytes (a struct whole). Aligned 64-bit members are never half written. */
  readVariable(name: string): Buffer {
    return this.#native.readVariable(check.text('name', name));
  }

  /** Stores an integer global atomically; a full memory barrier follows. */
  writeVariable(name: string, value: number | bigint): void {
    this.#native.writeVariable(check.text('name', name), check.integer('value', value));
  }

  /** What the kernel counted for each loaded program. */
  programStats(): ProgramStats[] {
    return this.#native.programStats();
  }

  /** What libbpf said so far, warnings and information; with `verbose` everything. Readable after `close()`. */
  get log(): string {
    return this.#native.log();
  }

  /** Detaches, closes the rings, frees. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const ring of [...this.#rings.values()]) ring.close();
    this.#native.close();
  }
}
