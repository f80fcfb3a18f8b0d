// SPDX-License-Identifier: Apache-2.0
import { bytesTag, fixed64Tag, ProtobufWriter, varintTag } from './writer.ts';

const KEY = bytesTag(1);
const VALUE = bytesTag(2);
// AnyValue
const STRING = bytesTag(1);
const BOOL = varintTag(2);
const INT = varintTag(3);
const DOUBLE = fixed64Tag(4);
const ARRAY = bytesTag(5);
const ELEMENT = bytesTag(1);

/** The first bytes of a KeyValue of this name: its key, and the tag of its value. */
export function keyBytes(name: string): Uint8Array {
  const out = new ProtobufWriter(64);
  out.varint(KEY);
  out.string(name);
  out.varint(VALUE);
  return out.written();
}

/**
 * Writes a KeyValue into a field with this tag. `double`: integral numbers are doubles, too. NaN and Infinity are left out:
 * receivers that answer in JSON have no such number, and may refuse whatever holds one.
 */
export function writeAttribute(
  out: ProtobufWriter,
  tag: number,
  key: Uint8Array,
  value: unknown,
  double: boolean,
): void {
  if (isNoNumber(value)) return;
  out.varint(tag);
  const start = out.begin();
  out.raw(key);
  writeAnyValue(out, value, double);
  out.end(start);
}

const isNoNumber = (value: unknown) => typeof value === 'number' && !Number.isFinite(value);

/** Writes a value with its length. */
function writeAnyValue(out: ProtobufWriter, value: unknown, double: boolean): void {
  if (typeof value === 'number' && !double && Number.isSafeInteger(value)) {
    out.integerMessage(INT, value);
    return;
  }
  const start = out.begin();
  if (typeof value === 'string') {
    out.varint(STRING);
    out.string(value);
  } else if (typeof value === 'number') {
    out.varint(DOUBLE);
    out.double(value);
  } else if (typeof value === 'boolean') {
    out.varint(BOOL);
    out.varint(value ? 1 : 0);
  } else if (Array.isArray(value)) {
    out.varint(ARRAY);
    const array = out.begin();
    for (const element of value) {
      if (isNoNumber(element)) continue;
      out.varint(ELEMENT);
      writeAnyValue(out, element, double);
    }
    out.end(array);
  }
  out.end(start);
}
