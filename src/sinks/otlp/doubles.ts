// SPDX-License-Identifier: Apache-2.0
/**
 * Doubles that stay doubles. The serializer writes every integral number as an int, so that one attribute would be an
 * int in some spans and a double in others, which backends with typed columns refuse or split in two. An integral value
 * of a double attribute is therefore carried as its neighbour, one unit in the last place away, and put right in the
 * serialized bytes, where both take the same 8 bytes.
 */
const LOWEST_BIT = 1n;
const view = new DataView(new ArrayBuffer(8));

/** The neighbour of an integral number; any other number as it is. */
export function carryDouble(value: number): number {
  if (!Number.isInteger(value)) return value;
  view.setFloat64(0, value);
  view.setBigInt64(0, view.getBigInt64(0) | LOWEST_BIT);
  return view.getFloat64(0);
}

/** KeyValue.value tag, its length (9), AnyValue.double_value tag: what follows the key of a double attribute. */
const BEFORE_DOUBLE = [0x12, 0x09, 0x21] as const;

/** Puts the carried values of the attributes with these keys (UTF-8) right, in place. */
export function restoreDoubles(request: Uint8Array, keys: readonly Uint8Array[]): void {
  const bytes = Buffer.from(request.buffer, request.byteOffset, request.byteLength);
  for (const key of keys) {
    for (let at = bytes.indexOf(key); at >= 0; at = bytes.indexOf(key, at + key.length)) {
      restoreOne(bytes, at + key.length);
    }
  }
}

function restoreOne(bytes: Buffer, tag: number): void {
  if (BEFORE_DOUBLE.some((byte, i) => bytes[tag + i] !== byte)) return;
  const at = tag + BEFORE_DOUBLE.length;
  if (at + 8 > bytes.length) return;
  const low = bytes[at]!;
  if ((low & 1) === 0) return;
  bytes[at] = low & 0xfe;
  // Only a carried value has an integral neighbour: indexes are thousandths, far coarser than a unit in the last place.
  if (!Number.isInteger(bytes.readDoubleLE(at))) bytes[at] = low;
}
