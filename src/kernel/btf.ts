// SPDX-License-Identifier: Apache-2.0
/**
 * Reads BTF, the kernel's description of its own types (Documentation/bpf/btf.rst), as far as the agent asks: enums,
 * struct layouts and function parameters. One pass notes where each type starts; strings are made only when asked for.
 */

const MAGIC = 0xeb9f;
const KIND = {
  INT: 1,
  PTR: 2,
  ARRAY: 3,
  STRUCT: 4,
  UNION: 5,
  ENUM: 6,
  TYPEDEF: 8,
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
  /** Bytes from the start of the struct. */
  offset: number;
  size: number;
  /** Name of the member's type without qualifiers, empty when it has none (a pointer, an array). */
  type: string;
}

export class Btf {
  readonly #words: Uint32Array;
  readonly #strings: Buffer;
  /** Word index of each type, by type id; id 0 is void. */
  readonly #types: number[] = [0];

  /** @param bytes a whole BTF blob, such as /sys/kernel/btf/vmlinux. Throws when it is not one. */
  constructor(bytes: Uint8Array) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (bytes.byteLength < 24 || view.getUint16(0, true) !== MAGIC) throw new Error('not BTF: wrong magic number');
    const [headerSize, typeOffset, typeSize, stringOffset, stringSize] = [4, 8, 12, 16, 20].map((at) =>
      view.getUint32(at, true),
    ) as [number, number, number, number, number];
    if (headerSize + Math.max(typeOffset + typeSize, stringOffset + stringSize) > bytes.byteLength) {
      throw new Error('not BTF: its sections end after its last byte');
    }
    const types = bytes.byteOffset + headerSize + typeOffset;
    this.#words = new Uint32Array(bytes.buffer.slice(types, types + typeSize));
    const strings = headerSize + stringOffset;
    this.#strings = Buffer.from(bytes.buffer, bytes.byteOffset + strings, stringSize);
    for (let at = 0; at < this.#words.length; ) {
      this.#types.push(at);
      const extra = EXTRA[this.#kind(at)];
      if (!extra) throw new Error(`BTF type ${this.#types.length - 1} is of unknown kind ${this.#kind(at)}`);
      at += 3 + extra[0] + extra[1] * this.#length(at);
    }
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
    const members: StructMember[] = [];
    for (let i = 0; i < this.#length(at); i++) {
      const [nameAt, type, offset] = [0, 1, 2].map((word) => this.#words[at + 3 + i * 3 + word]!) as [
        number,
        number,
        number,
      ];
      members.push({
        name: this.#string(nameAt),
        offset: (offset & 0xffffff) / 8,
        size: this.#size(type),
        type: this.#string(this.#words[this.#resolve(type)]!),
      });
    }
    return { size: this.#words[at + 2]!, members };
  }

  /**
   * For a `typedef R (*name)(A, B)`: what each parameter is, as the name of the type, followed by ` *` for a pointer.
   */
  functionPointerParameters(name: string): string[] | undefined {
    const typedef = this.#find(name, KIND.TYPEDEF);
    if (typedef === undefined) return undefined;
    const pointer = this.#resolve(this.#words[typedef + 2]!);
    const prototype = this.#kind(pointer) === KIND.PTR ? this.#resolve(this.#words[pointer + 2]!) : pointer;
    if (this.#kind(prototype) !== KIND.FUNC_PROTO) return undefined;
    return Array.from({ length: this.#length(prototype) }, (_, i) => {
      const type = this.#words[prototype + 3 + i * 2 + 1]!;
      const at = this.#resolve(type);
      if (this.#kind(at) !== KIND.PTR) return this.#string(this.#words[at]!);
      const target = this.#words[at + 2]!;
      return `${target === 0 ? 'void' : this.#string(this.#words[this.#resolve(target)]!)} *`;
    });
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
    return this.#strings.toString('latin1', offset, this.#strings.indexOf(0, offset));
  }

  #resolve(id: number): number {
    let at = this.#types[id]!;
    while (ALIASES.has(this.#kind(at)) && this.#words[at + 2] !== 0) at = this.#types[this.#words[at + 2]!]!;
    return at;
  }

  #size(id: number): number {
    const at = this.#resolve(id);
    const kind = this.#kind(at);
    if (kind === KIND.PTR) return 8;
    if (kind !== KIND.ARRAY) return this.#words[at + 2]!;
    return this.#words[at + 5]! * this.#size(this.#words[at + 3]!);
  }

  #enumerators(at: number): Map<string, number> {
    const values = new Map<string, number>();
    const step = this.#kind(at) === KIND.ENUM ? 2 : 3;
    for (let i = 0; i < this.#length(at); i++) {
      const entry = at + 3 + i * step;
      values.set(this.#string(this.#words[entry]!), this.#words[entry + 1]! | 0);
    }
    return values;
  }
}
