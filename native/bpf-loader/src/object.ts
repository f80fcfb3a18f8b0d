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
  /** The programs to load; by default all except those that the object marks as optional (`SEC("?...")`). */
  programs?: readonly string[];
  /** max_entries of maps, by name; for a ring buffer it is the size in bytes. */
  mapSizes?: Readonly<Record<string, number>>;
  /**
   * Maps that another program has pinned: paths in a BPF file system, by the names of the object's maps that they replace.
   * Type and sizes of key and value must be the same. They cannot be changed through this object.
   */
  pinnedMaps?: Readonly<Record<string, string>>;
  /**
   * Takes an object that another process has pinned in this folder, instead of loading it. It must be the same object, with the
   * same programs. Its constants and sizes are what they were.
   */
  adopt?: string;
  /** A file with the BTF for CO-RE relocations, instead of the running kernel's. */
  btfPath?: string;
  /** Whether `log` keeps libbpf's debug messages too. */
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

const OPTIONS = [
  'object',
  'name',
  'constants',
  'programs',
  'mapSizes',
  'pinnedMaps',
  'adopt',
  'btfPath',
  'verbose',
] as const;

/** A BPF object in the kernel. `close()` it: garbage collection also closes it, but at an unknown time. */
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
        adopt: given.adopt === undefined ? '' : check.text('adopt', given.adopt),
        btfPath: given.btfPath === undefined ? '' : check.text('btfPath', given.btfPath),
        verbose: check.flag('verbose', given.verbose ?? false),
      }),
    );
  }

  /**
   * Attaches the named programs, or all that are loaded, in that order; attached programs stay attached. All or nothing:
   * when one fails, those that this call attached are detached again.
   */
  attach(programs?: readonly string[]): void {
    this.#native.attach(programs === undefined ? undefined : check.names('programs', programs));
  }

  /** Detaches all programs. Idempotent. Maps, rings and variables stay, and `attach()` works again. */
  detach(): void {
    this.#native.detach();
  }

  /**
   * Pins maps, loaded programs and what is attached in an existing folder of a BPF file system. They stay when this process ends,
   * until the files are removed. Throws PIN_FAILED, after which some may be pinned.
   */
  pin(folder: string): void {
    this.#native.pin(check.text('folder', folder));
  }

  /** The names of the attached programs. */
  get attached(): string[] {
    return this.#native.attached();
  }

  /**
   * Opens a ring buffer map for reading. `onReadable` is called on this thread after the BPF side woke its readers. It
   * should `drain()` until null. An open ring keeps the event loop and this object alive.
   * @param options with `keep`, drained records stay in the ring until `release()`
   */
  ringBuffer(map: string, onReadable: () => void, options: { keep?: boolean } = {}): RingBuffer {
    const name = check.text('map', map);
    const callback = check.callback('onReadable', onReadable);
    check.onlyKeys('The options of ringBuffer()', check.record('The options of ringBuffer()', options), ['keep']);
    const keep = check.flag('keep', options.keep ?? false);
    if (this.#rings.has(name)) {
      throw new BpfError(`The ring buffer '${name}' is open already: a ring has one reader. Close that one first.`, {
        code: 'ALREADY_OPEN',
      });
    }
    // The addon holds this function until the ring is closed, and the function holds this object. Otherwise an object that
    // only its callback uses would be collected, and its programs detached.
    const native = new addon.NativeRing(
      this.#native,
      name,
      () => {
        if (this.#rings.get(name) === ring) callback();
      },
      keep,
    );
    const ring = new RingBuffer(native, () => {
      if (this.#rings.get(name) === ring) this.#rings.delete(name);
    });
    this.#rings.set(name, ring);
    return ring;
  }

  /** Stores a value in a hash or array map. Key and value have the map's sizes and are in host byte order. */
  updateMap(map: string, key: Uint8Array, value: Uint8Array): void {
    this.#native.updateMap(check.text('map', map), check.someBytes('key', key), check.someBytes('value', value));
  }

  /** Removes a key from a hash map; a missing key is not an error. */
  deleteFromMap(map: string, key: Uint8Array): void {
    this.#native.deleteFromMap(check.text('map', map), check.someBytes('key', key));
  }

  /**
   * A copy of all entries of a hash map, in no order: each is its key and then its value. Programs go on meanwhile, so the
   * words of a value may be from different moments.
   */
  readMap(map: string): Buffer {
    return this.#native.readMap(check.text('map', map));
  }

  /**
   * A copy of a global variable's bytes (a struct whole). Aligned 64-bit members are never half written.
   * @param into gets the bytes, and is returned: for a large variable that is read again and again. It has the variable's size
   */
  readVariable(name: string): Buffer;
  readVariable<T extends Uint8Array>(name: string, into: T): T;
  readVariable(name: string, into?: Uint8Array): Uint8Array {
    return this.#native.readVariable(
      check.text('name', name),
      into === undefined ? undefined : check.someBytes('into', into),
    );
  }

  /** Stores an integer global atomically; a full memory barrier follows. */
  writeVariable(name: string, value: number | bigint): void {
    this.#native.writeVariable(check.text('name', name), check.integer('value', value));
  }

  /** The kernel's counts for each loaded program. */
  programStats(): ProgramStats[] {
    return this.#native.programStats();
  }

  /** libbpf's output so far: warnings and information, with `verbose` everything. Readable after `close()`. */
  get log(): string {
    return this.#native.log();
  }

  /** Detaches, closes the rings and frees everything. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const ring of [...this.#rings.values()]) ring.close();
    this.#native.close();
  }
}
