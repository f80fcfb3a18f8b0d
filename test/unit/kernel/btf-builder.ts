// SPDX-License-Identifier: Apache-2.0
/** Makes small BTF by hand for a test (Documentation/bpf/btf.rst). */

export const KIND = {
  INT: 1,
  PTR: 2,
  ARRAY: 3,
  STRUCT: 4,
  ENUM: 6,
  TYPEDEF: 8,
  CONST: 10,
  FUNC_PROTO: 13,
  ENUM64: 19,
} as const;

export class BtfBuilder {
  readonly #words: number[] = [];
  #strings = '\0';
  #count = 0;

  /** The offset of a string. */
  text(value: string): number {
    if (value === '') return 0;
    const at = this.#strings.indexOf(`\0${value}\0`);
    if (at >= 0) return at + 1;
    this.#strings += `${value}\0`;
    return this.#strings.length - value.length - 1;
  }

  /** @returns the type's id */
  type(kind: number, name: string, sizeOrType: number, elements: readonly (readonly number[])[] = [], flag = false) {
    const length = kind === KIND.ARRAY || kind === KIND.INT ? 0 : elements.length;
    this.#words.push(this.text(name), ((flag ? 0x80000000 : 0) | (kind << 24) | length) >>> 0, sizeOrType);
    for (const element of elements) this.#words.push(...element.map((word) => word >>> 0));
    this.#count += 1;
    return this.#count;
  }

  int(name: string, size: number): number {
    return this.type(KIND.INT, name, size, [[size * 8]]);
  }

  bytes(): Buffer {
    const header = Buffer.alloc(24);
    header.writeUInt16LE(0xeb9f, 0);
    header.writeUInt8(1, 2);
    const types = Buffer.from(Uint32Array.from(this.#words).buffer);
    const strings = Buffer.from(this.#strings, 'latin1');
    [24, 0, types.length, types.length, strings.length].forEach((value, i) => {
      header.writeUInt32LE(value, 4 + i * 4);
    });
    return Buffer.concat([header, types, strings]);
  }
}
