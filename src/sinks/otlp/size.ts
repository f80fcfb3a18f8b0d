// SPDX-License-Identifier: Apache-2.0
import type { Attributes } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';

/** What a gRPC server accepts by default is 4 MiB; half of the slack is for the resource, checked apart. */
export const MAX_REQUEST_BYTES = 4 * 1024 * 1024 - 64 * 1024;

/** UTF-8 takes at most 3 bytes for each UTF-16 unit. */
const BYTES_PER_UNIT = 3;
/** A tag and a length, or a tag and a varint of 64 bits. */
const PER_FIELD = 11;
/** A key-value pair: itself, key, value, and the value's own field. */
const PER_ATTRIBUTE = 4 * PER_FIELD;
/** The fields of a span or an event that are not counted one by one. */
const PER_SPAN = 256;
const PER_EVENT = 64;

/** An upper bound of a span's serialized size, in bytes. Cheap, and sound for any event a recording may hold. */
export function spanSizeBound(span: ReadableSpan): number {
  let size = PER_SPAN + span.name.length * BYTES_PER_UNIT + attributesSizeBound(span.attributes);
  for (const event of span.events) {
    size += PER_EVENT + event.name.length * BYTES_PER_UNIT + attributesSizeBound(event.attributes ?? {});
  }
  return size;
}

export function attributesSizeBound(attributes: Attributes): number {
  let size = 0;
  for (const name in attributes) {
    const value = attributes[name];
    size += PER_ATTRIBUTE + name.length * BYTES_PER_UNIT;
    if (typeof value === 'string') size += value.length * BYTES_PER_UNIT;
    else if (Array.isArray(value)) size += arraySizeBound(value);
  }
  return size;
}

function arraySizeBound(values: readonly unknown[]): number {
  let size = 0;
  for (const value of values) {
    size += 2 * PER_FIELD + (typeof value === 'string' ? value.length * BYTES_PER_UNIT : 0);
  }
  return size;
}
