// SPDX-License-Identifier: Apache-2.0
import type { AttributeValue } from '../../protobuf/attribute.ts';
import { type Field, fields } from '../../protobuf/reader.ts';

// opentelemetry/proto/common/v1/process_context.proto, common.proto, resource.proto
const CONTEXT_RESOURCE = 1;
const CONTEXT_ATTRIBUTE = 2;
const RESOURCE_ATTRIBUTE = 1;
const KEY = 1;
const VALUE = 2;
const STRING = 1;
const BOOL = 2;
const INT = 3;
const ARRAY = 5;
const ELEMENT = 1;
/** fixed64, field 4: fields() leaves it out. */
const DOUBLE_TAG = 0x21;

/** The most fields to read of a payload, at some 0.3 us each. An attribute takes four. */
const MAX_FIELDS = 4096;
const MAX_ATTRIBUTES = 128;
const MAX_ELEMENTS = 64;

type Attribute = [name: string, value: AttributeValue];

/**
 * The resource in the payload of a process context: attributes that are strings, numbers, booleans, or lists of these.
 * Bytes, maps and anything nested more deeply are left out. undefined when the payload is not such a message.
 */
export function contextAttributes(payload: Buffer): Attribute[] | undefined {
  return read((reader) => {
    const attributes = function* () {
      for (const resource of reader.messages(payload, CONTEXT_RESOURCE)) {
        yield* reader.messages(resource, RESOURCE_ATTRIBUTE);
      }
    };
    return keyValues(reader, attributes());
  });
}

/** What a process context says of the thread contexts of its process (OTEP 4947). */
export interface ThreadContextSchema {
  version: string;
  /** The names of the attributes in the records of threads, which have the indexes. */
  keys: readonly string[];
}

/** undefined when it says nothing of thread contexts, or is not a message. */
export function threadContextSchema(payload: Buffer): ThreadContextSchema | undefined {
  const attributes = read((reader) => keyValues(reader, reader.messages(payload, CONTEXT_ATTRIBUTE)));
  const said = new Map(attributes);
  const version = said.get('threadlocal.schema_version');
  if (typeof version !== 'string') return undefined;
  const keys = said.get('threadlocal.attribute_key_map');
  return { version, keys: Array.isArray(keys) ? keys.map(String) : [] };
}

function read<T>(message: (reader: BoundedReader) => T): T | undefined {
  try {
    return message(new BoundedReader());
  } catch {
    return undefined;
  }
}

function keyValues(reader: BoundedReader, messages: Iterable<Uint8Array>): Attribute[] {
  const found: Attribute[] = [];
  for (const message of messages) {
    const [name, value] = keyValue(reader, message);
    if (name !== undefined && value !== undefined) found.push([name, value]);
    if (found.length === MAX_ATTRIBUTES) break;
  }
  return found;
}

/** Reads protobuf up to a number of fields, and then behaves as if the message had ended. */
class BoundedReader {
  #left = MAX_FIELDS;

  *fields(bytes: Uint8Array): Generator<Field> {
    for (const field of fields(bytes)) {
      if (this.#left-- <= 0) return;
      yield field;
    }
  }

  *messages(bytes: Uint8Array, wanted: number): Generator<Uint8Array> {
    for (const { field, value } of this.fields(bytes)) if (field === wanted && value instanceof Uint8Array) yield value;
  }
}

function keyValue(reader: BoundedReader, bytes: Uint8Array): [name: string | undefined, AttributeValue | undefined] {
  let name: string | undefined;
  let found: AttributeValue | undefined;
  for (const { field, value } of reader.fields(bytes)) {
    if (!(value instanceof Uint8Array)) continue;
    if (field === KEY) name = text(value);
    if (field === VALUE) found = primitive(reader, value) ?? list(reader, value);
  }
  return [name, found];
}

function primitive(reader: BoundedReader, bytes: Uint8Array): string | number | boolean | undefined {
  if (bytes.length === 9 && bytes[0] === DOUBLE_TAG) return finite(Buffer.from(bytes).readDoubleLE(1));
  for (const { field, value } of reader.fields(bytes)) {
    if (field === STRING && value instanceof Uint8Array) return text(value);
    if (field === BOOL && typeof value === 'number') return value !== 0;
    // Beyond 2^53 it would be another number.
    if (field === INT && Number.isSafeInteger(value)) return value as number;
    return undefined;
  }
  return undefined;
}

/** An array of primitives of one type, as in OpenTelemetry; elements of another type than the first are left out. */
function list(reader: BoundedReader, bytes: Uint8Array): (string | number | boolean)[] | undefined {
  for (const array of reader.messages(bytes, ARRAY)) {
    const elements: (string | number | boolean)[] = [];
    for (const element of reader.messages(array, ELEMENT)) {
      const value = primitive(reader, element);
      const isAlike = elements.length === 0 || typeof value === typeof elements[0];
      if (value !== undefined && isAlike) elements.push(value);
      if (elements.length === MAX_ELEMENTS) break;
    }
    return elements;
  }
  return undefined;
}

/** Only finite numbers: JSON has no others. */
const finite = (value: number) => (Number.isFinite(value) ? value : undefined);
/** Invalid UTF-8 becomes U+FFFD. */
const text = (bytes: Uint8Array) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
