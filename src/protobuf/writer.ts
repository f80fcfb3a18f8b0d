// SPDX-License-Identifier: Apache-2.0
/** A field's number and how its value is encoded: what stands before each value. */
export const varintTag = (field: number) => field << 3;
export const fixed64Tag = (field: number) => (field << 3) | 1;
export const bytesTag = (field: number) => (field << 3) | 2;
export const fixed32Tag = (field: number) => (field << 3) | 5;

const MAX_VARINT = 10;
/** UTF-8 takes at most 3 bytes for each UTF-16 unit. */
const BYTES_PER_UNIT = 3;
const TWO_32 = 2 ** 32;
/** The longest string and the most bytes that are copied one by one. */
const MAX_SHORT = 64;

/** How many bytes a length takes. */
export function lengthSize(length: number): number {
  return length < 0x80 ? 1 : length < 0x4000 ? 2 : length < 0x20_0000 ? 3 : length < 0x1000_0000 ? 4 : 5;
}

/** Writes protobuf into one buffer, which grows. Making no objects is what makes it fast. */
export class ProtobufWriter {
  length = 0;
  #bytes: Buffer;

  constructor(capacity: number) {
    this.#bytes = Buffer.allocUnsafeSlow(capacity);
  }

  get capacity(): number {
    return this.#bytes.length;
  }

  /** What has been written from `start` to `end`, not a copy: the next write may change it. */
  written(start = 0, end = this.length): Uint8Array {
    return this.#bytes.subarray(start, end);
  }

  /** An integer of up to 53 bits and its sign; negative ones take ten bytes, as int64 does. Also for tags and lengths. */
  varint(value: number): void {
    this.#reserve(MAX_VARINT);
    const bytes = this.#bytes;
    if (value >= 0 && value < 0x80) {
      bytes[this.length++] = value;
      return;
    }
    this.varint64(value >>> 0, Math.floor(value / TWO_32) >>> 0);
  }

  /** An integer of 64 bits in two words of 32 bits. */
  varint64(low: number, high: number): void {
    this.#reserve(MAX_VARINT);
    const bytes = this.#bytes;
    let at = this.length;
    let rest = low;
    for (let upper = high; upper > 0; upper >>>= 7) {
      bytes[at++] = (rest & 0x7f) | 0x80;
      rest = ((rest >>> 7) | (upper << 25)) >>> 0;
    }
    for (; rest > 0x7f; rest >>>= 7) bytes[at++] = (rest & 0x7f) | 0x80;
    bytes[at++] = rest;
    this.length = at;
  }

  /** A message that has only an integer, in a field with this tag of one byte, with its length. */
  integerMessage(tag: number, value: number): void {
    this.#reserve(2 + MAX_VARINT);
    const at = this.length;
    const bytes = this.#bytes;
    bytes[at + 1] = tag;
    if (value >= 0 && value < 0x80) {
      bytes[at] = 2;
      bytes[at + 2] = value;
      this.length = at + 3;
      return;
    }
    this.length = at + 2;
    this.varint(value);
    bytes[at] = this.length - at - 1;
  }

  fixed32(value: number): void {
    this.#reserve(4);
    const bytes = this.#bytes;
    bytes[this.length++] = value;
    bytes[this.length++] = value >>> 8;
    bytes[this.length++] = value >>> 16;
    bytes[this.length++] = value >>> 24;
  }

  fixed64(low: number, high: number): void {
    this.fixed32(low);
    this.fixed32(high);
  }

  double(value: number): void {
    this.#reserve(8);
    this.length = this.#bytes.writeDoubleLE(value, this.length);
  }

  /** Bytes as they are, without a length. */
  raw(source: Uint8Array): void {
    const count = source.length;
    this.#reserve(count);
    const at = this.length;
    if (count > MAX_SHORT) this.#bytes.set(source, at);
    else for (let i = 0, bytes = this.#bytes; i < count; i++) bytes[at + i] = source[i]!;
    this.length = at + count;
  }

  /** A string with its length. Invalid UTF-16 becomes U+FFFD. */
  string(text: string): void {
    this.#reserve(text.length * BYTES_PER_UNIT + MAX_VARINT);
    if (text.length <= MAX_SHORT && this.#shortAscii(text)) return;
    // Nearly all are ASCII: as many bytes as units.
    const start = this.begin(lengthSize(text.length));
    this.length += this.#bytes.write(text, start, 'utf8');
    this.end(start, lengthSize(text.length));
  }

  /** Most strings are short and ASCII, and calling into C++ takes longer than writing them here. @returns whether it is one */
  #shortAscii(text: string): boolean {
    const bytes = this.#bytes;
    const start = this.length + 1;
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      if (unit > 0x7f) return false;
      bytes[start + i] = unit;
    }
    bytes[start - 1] = text.length;
    this.length = start + text.length;
    return true;
  }

  /** Hexadecimal digits as bytes, with their length. */
  hex(digits: string): void {
    const count = digits.length >> 1;
    this.varint(count);
    this.#reserve(count);
    const bytes = this.#bytes;
    let at = this.length;
    for (let i = 0; i < count; i++) {
      bytes[at++] = (nibble(digits.charCodeAt(2 * i)) << 4) | nibble(digits.charCodeAt(2 * i + 1));
    }
    this.length = at;
  }

  /**
   * Begins something whose length is not known yet, and returns where its content starts, for `end`. Most are short
   * enough for a length of one byte; where that is wrong, the content is moved.
   */
  begin(expectedLengthSize = 1): number {
    this.#reserve(expectedLengthSize);
    this.length += expectedLengthSize;
    return this.length;
  }

  end(start: number, expectedLengthSize = 1): void {
    const length = this.length - start;
    if (length < 0x80 && expectedLengthSize === 1) {
      this.#bytes[start - 1] = length;
      return;
    }
    const at = start - expectedLengthSize;
    const size = lengthSize(length);
    if (size !== expectedLengthSize) {
      this.#reserve(MAX_VARINT);
      this.#bytes.copyWithin(at + size, start, this.length);
    }
    this.length = at;
    this.varint(length);
    this.length += length;
  }

  #reserve(more: number): void {
    const needed = this.length + more;
    if (needed <= this.#bytes.length) return;
    const bytes = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#bytes.length));
    this.#bytes.copy(bytes, 0, 0, this.length);
    this.#bytes = bytes;
  }
}

/** '0' to '9' are 0x30 and up, 'a' to 'f' 0x61 and 'A' to 'F' 0x41. */
const nibble = (unit: number) => (unit & 0xf) + (unit >> 6) * 9;
