// SPDX-License-Identifier: Apache-2.0
/**
 * Reads BTF, the kernel's description of its own types (Documentation/bpf/btf.rst), as far as the agent needs it: enums,
 * struct layouts and function parameters. One pass finds the start of each type; strings are decoded on demand.
 */

const MAGIC = 0xeb9f;
const MAGIC_OTHER_ORDER = 0x9feb;
const HEADER_SIZE = 24;
/** The kernel's limit for chains of types. */
const MAX_DEPTH = 32;
/** A flag in the second word of a type: an enum is signed, or a struct has bit-fields. */
const KIND_FLAG = 1 << 31;
const KIND = {
  INT: 1,
  PTR: 2,
  ARRAY: 3,
  STRUCT: 4,
  UNION: 5,
  ENUM: 6,
  TYPEDEF: 8,
  FUNC: 12,
  FUNC_PROTO: 13,
  ENUM64: 19,
} as const;
/** Qualifiers and names that stand between a use and the type meant: typedef, volatile, const, restrict, type tag. */
const ALIASES = new Set([8, 9, 10, 11, 18]);
/** Words after the three-word header of a type, by kind: [fixed, per element]. */
const EXTRA: readonly (readonly [number, number])[] = [
  [0, 0],
  [1, 0], // int
  [0, 0], // pointer
  [3, 0], // array
  [0, 3], // struct
  [0, 3], // union
  [0, 2], // enum
  [0, 0], // forward
  [0, 0], // typedef
  [0, 0], // volatile
  [0, 0], // const
  [0, 0], // restrict
  [0, 0], // function
  [0, 2], // function prototype
  [1, 0], // variable
  [0, 3], // data section
  [0, 0], // float
  [1, 0], // declaration tag
  [0, 0], // type tag
  [0, 3], // enum64
];

export interface StructMember {
  name: string;
  /** Bytes from the start of the struct; for a bit-field, of the byte in which it begins. */
  offset: number;
  size: number;
  /** Name of the member's type without qualifiers and typedefs, empty when it has none (a pointer, an array). */
  type: string;
}

export class Btf {
  readonly #words: Uint32Array;
  readonly #strings: Buffer;
  /** Word index of each type, by type id; id 0 is void. */
  readonly #types: Uint32Array;

  /** @param bytes a whole BTF blob, such as /sys/kernel/btf/vmlinux. Throws when it is not BTF, or is damaged. */
  constructor(bytes: Uint8Array) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const magic = bytes.byteLength < HEADER_SIZE ? undefined : view.getUint16(0, true);
    if (magic === MAGIC_OTHER_ORDER) throw new Error('BTF of a machine with the other byte order');
    if (magic !== MAGIC) throw new Error('not BTF: wrong magic number');
    const [headerSize, typeOffset, typeSize, stringOffset, stringSize] = [4, 8, 12, 16, 20].map((at) =>
      view.getUint32(at, true),
    ) as [number, number, number, number, number];
    if (headerSize + Math.max(typeOffset + typeSize, stringOffset + stringSize) > bytes.byteLength) {
      throw new Error('damaged BTF: its sections end after its last byte');
    }
    const types = bytes.byteOffset + headerSize + typeOffset;
    // Views where alignment allows, not copies: the kernel's BTF is some megabytes.
    this.#words =
      types % 4 === 0
        ? new Uint32Array(bytes.buffer, types, typeSize >>> 2)
        : new Uint32Array(bytes.buffer.slice(types, types + (typeSize & ~3)));
    const strings = headerSize + stringOffset;
    this.#strings = Buffer.from(bytes.buffer, bytes.byteOffset + strings, stringSize);
    if (this.#strings[0] !== 0 || this.#strings.at(-1) !== 0) throw new Error('damaged BTF: its strings do not end');
    // No type is shorter than its three-word header.
    const starts = new Uint32Array(1 + Math.ceil(this.#words.length / 3));
    let count = 1;
    let at = 0;
    while (at < this.#words.length) {
      const extra = this.#kind(at) === 0 ? undefined : EXTRA[this.#kind(at)];
      if (!extra) throw new Error(`damaged BTF: type ${count} is of unknown kind ${this.#kind(at)}`);
      starts[count++] = at;
      at += 3 + extra[0] + extra[1] * this.#length(at);
    }
    if (at * 4 !== typeSize) throw new Error(`damaged BTF: type ${count - 1} is cut off`);
    this.#types = starts.subarray(0, count);
  }

  /** Values by name; undefined when the kernel has no such enum. */
  enum(name: string): Map<string, number> | undefined {
    const at = this.#find(name, KIND.ENUM, KIND.ENUM64);
    return at === undefined ? undefined : this.#enumerators(at);
  }

  /** The enum, often an anonymous one, that has this enumerator. */
  enumWith(enumerator: string): Map<string, number> | undefined {
    const name = this.#nameOffset(enumerator);
    if (name === undefined) return undefined;
    for (let id = 1; id < this.#types.length; id++) {
      const at = this.#types[id]!;
      const kind = this.#kind(at);
      if (kind !== KIND.ENUM && kind !== KIND.ENUM64) continue;
      const step = kind === KIND.ENUM ? 2 : 3;
      for (let i = 0; i < this.#length(at); i++) {
        if (this.#words[at + 3 + i * step] === name) return this.#enumerators(at);
      }
    }
    return undefined;
  }

  /** Size in bytes and members of a struct. */
  struct(name: string): { size: number; members: StructMember[] } | undefined {
    const at = this.#find(name, KIND.STRUCT);
    if (at === undefined) return undefined;
    const bitFields = (this.#words[at + 1]! & KIND_FLAG) !== 0;
    const members: StructMember[] = [];
    for (let i = 0; i < this.#length(at); i++) {
      const [nameAt, type, offset] = [0, 1, 2].map((word) => this.#words[at + 3 + i * 3 + word]!) as [
        number,
        number,
        number,
      ];
      members.push({
        name: this.#string(nameAt),
        // Bits; in a struct with bit-fields the upper byte is a bit-field's size.
        offset: Math.floor((bitFields ? offset & 0xffffff : offset) / 8),
        size: this.#size(type),
        type: this.#typeName(type),
      });
    }
    return { size: this.#words[at + 2]!, members };
  }

  /**
   * The type of each parameter of the function: its name, followed by ` *` for a pointer. undefined when the kernel has no
   * such function, or does not describe it.
   */
  functionParameters(name: string): string[] | undefined {
    const at = this.#find(name, KIND.FUNC);
    return at === undefined ? undefined : this.#parameters(this.#words[at + 2]!);
  }

  /** The same for a `typedef R (*name)(A, B)`. */
  functionPointerParameters(name: string): string[] | undefined {
    const typedef = this.#find(name, KIND.TYPEDEF);
    if (typedef === undefined) return undefined;
    const pointer = this.#resolve(this.#words[typedef + 2]!);
    if (pointer === undefined || this.#kind(pointer) !== KIND.PTR) return undefined;
    return this.#parameters(this.#words[pointer + 2]!);
  }

  /**
   * Frees the memory at once, including the bytes passed to the constructor: the kernel's BTF is megabytes, and the agent
   * may not collect garbage for days. The object cannot be used afterwards.
   */
  release(): void {
    (this.#strings.buffer as ArrayBuffer).transfer(0);
  }

  #kind(at: number): number {
    return (this.#words[at + 1]! >>> 24) & 0x1f;
  }

  #length(at: number): number {
    return this.#words[at + 1]! & 0xffff;
  }

  /** Offset of a string in the string section; BTF holds each string once. */
  #nameOffset(name: string): number | undefined {
    const at = this.#strings.indexOf(`\0${name}\0`, 0, 'latin1');
    return at < 0 ? undefined : at + 1;
  }

  #find(name: string, ...kinds: number[]): number | undefined {
    const offset = this.#nameOffset(name);
    if (offset === undefined) return undefined;
    return this.#types.find((at, id) => id > 0 && this.#words[at] === offset && kinds.includes(this.#kind(at)));
  }

  #string(offset: number): string {
    const end = this.#strings.indexOf(0, offset);
    if (end < 0) throw new Error(`damaged BTF: it has no string ${offset}`);
    return this.#strings.toString('latin1', offset, end);
  }

  /** The start of the type behind typedefs and qualifiers; undefined for void. */
  #resolve(id: number): number | undefined {
    for (let depth = 0; depth < MAX_DEPTH; depth++) {
      if (id === 0) return undefined;
      const at = this.#types[id];
      if (at === undefined) throw new Error(`damaged BTF: it has no type ${id}`);
      if (!ALIASES.has(this.#kind(at))) return at;
      id = this.#words[at + 2]!;
    }
    throw new Error(`damaged BTF: type ${id} leads to itself`);
  }

  #typeName(id: number): string {
    const at = this.#resolve(id);
    return at === undefined ? 'void' : this.#string(this.#words[at]!);
  }

  #parameters(id: number): string[] | undefined {
    const prototype = this.#resolve(id);
    if (prototype === undefined || this.#kind(prototype) !== KIND.FUNC_PROTO) return undefined;
    return Array.from({ length: this.#length(prototype) }, (_, i) => {
      const type = this.#words[prototype + 3 + i * 2 + 1]!;
      const at = this.#resolve(type);
      if (at === undefined) return '...';
      return this.#kind(at) === KIND.PTR ? `${this.#typeName(this.#words[at + 2]!)} *` : this.#typeName(type);
    });
  }

  #size(id: number): number {
    let elements = 1;
    for (let depth = 0; depth < MAX_DEPTH; depth++) {
      const at = this.#resolve(id);
      if (at === undefined) return 0;
      if (this.#kind(at) === KIND.PTR) return elements * 8;
      if (this.#kind(at) !== KIND.ARRAY) return elements * this.#words[at + 2]!;
      elements *= this.#words[at + 5]!;
      id = this.#words[at + 3]!;
    }
    throw new Error(`damaged BTF: type ${id} leads to itself`);
  }

  #enumerators(at: number): Map<string, number> {
    const values = new Map<string, number>();
    const signed = (this.#words[at + 1]! & KIND_FLAG) !== 0;
    const wide = this.#kind(at) === KIND.ENUM64;
    for (let i = 0; i < this.#length(at); i++) {
      const entry = at + 3 + i * (wide ? 3 : 2);
      const low = this.#words[entry + 1]!;
      const high = wide ? this.#words[entry + 2]! : 0;
      const value = wide ? (signed ? high | 0 : high) * 2 ** 32 + low : signed ? low | 0 : low;
      values.set(this.#string(this.#words[entry]!), value);
    }
    return values;
  }
}
