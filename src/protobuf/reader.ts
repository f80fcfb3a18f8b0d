// SPDX-License-Identifier: Apache-2.0
/** A field of a message: an integer, or the bytes of a string or of another message. */
export interface Field {
  field: number;
  value: number | Uint8Array;
}

/** A field with all that the wire says of it: an integer, or the bytes of everything else. */
export interface WireField {
  field: number;
  wireType: number;
  /** An integer has its sign, as int64 has it. */
  value: bigint | Uint8Array;
}

export const VARINT = 0;
export const FIXED64 = 1;
export const BYTES = 2;
export const FIXED32 = 5;

/** All fields of a protobuf message, to the bit. Throws a RangeError where it is none. */
export function* wireFields(bytes: Uint8Array): Generator<WireField> {
  let at = 0;
  const varint = () => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes[at++];
      if (byte === undefined) break;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asIntN(64, value);
    }
    throw new RangeError('not a varint');
  };
  const take = (length: number) => {
    if (length < 0 || length > bytes.length - at) throw new RangeError('longer than the message');
    at += length;
    return bytes.subarray(at - length, at);
  };
  while (at < bytes.length) {
    const tag = Number(varint());
    const field = Math.floor(tag / 8);
    const wireType = tag & 7;
    if (wireType === VARINT) yield { field, wireType, value: varint() };
    else if (wireType === BYTES) yield { field, wireType, value: take(Number(varint())) };
    else if (wireType === FIXED64) yield { field, wireType, value: take(8) };
    else if (wireType === FIXED32) yield { field, wireType, value: take(4) };
    else throw new RangeError(`unknown wire type ${wireType}`);
  }
}

/**
 * The fields of a protobuf message, without those of fixed size. Throws where it is none: a server may put anything
 * there. Answers are few and short, so this is made to be small, not fast.
 */
export function* fields(bytes: Uint8Array): Generator<Field> {
  for (const { field, wireType, value } of wireFields(bytes)) {
    if (typeof value === 'bigint') yield { field, value: Number(value) };
    else if (wireType === BYTES) yield { field, value };
  }
}

/** The strings and messages in the fields with this number. */
export function messages(bytes: Uint8Array, wanted: number): Uint8Array[] {
  const found: Uint8Array[] = [];
  for (const { field, value } of fields(bytes)) {
    if (field === wanted && value instanceof Uint8Array) found.push(value);
  }
  return found;
}
