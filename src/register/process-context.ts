// SPDX-License-Identifier: Apache-2.0
// Process context (OTEP 4719): process-context/ keeps the memory, this fills it.
import { createRequire } from 'node:module';
import { bytesTag, fixed64Tag, ProtobufWriter, varintTag } from '../sinks/otlp/protobuf-writer.ts';
import type { Attributes } from './environment.ts';

interface Addon {
  publish(payload: Uint8Array, rank: number): boolean;
}

/** Who knows best what this process is. What a later one says replaces what an earlier one said, never the other way. */
const RANKS = { environment: 0, worker: 1, main: 2 };

// ProcessContext { Resource resource = 1; repeated KeyValue attributes = 2; } and OTLP's Resource, KeyValue and AnyValue.
const RESOURCE = bytesTag(1);
const ATTRIBUTES = bytesTag(2);
const RESOURCE_ATTRIBUTES = bytesTag(1);
const KEY = bytesTag(1);
const VALUE = bytesTag(2);
const STRING = bytesTag(1);
const BOOL = varintTag(2);
const INT = varintTag(3);
const DOUBLE = fixed64Tag(4);
const ARRAY = bytesTag(5);
const ARRAY_VALUES = bytesTag(1);

export class ProcessContext {
  #addon: Addon;
  #attributes: Attributes;

  constructor(addon: Addon, attributes: Attributes) {
    this.#addon = addon;
    this.#attributes = attributes;
  }

  static load(attributes: Attributes, warn: (what: string) => void): ProcessContext | undefined {
    try {
      // The same relative path from src/ and from dist/.
      const addon = createRequire(import.meta.url)('../../process-context/build/process_context.node') as Addon;
      return new ProcessContext(addon, attributes);
    } catch (error) {
      const because = String((error as Error)?.message).split('\n')[0];
      warn(`this process's service will not be known: ${because} (build it: make -C process-context)`);
      return undefined;
    }
  }

  publish(resource: Attributes, from: keyof typeof RANKS): void {
    this.#addon.publish(encodeProcessContext(resource, this.#attributes), RANKS[from]);
  }
}

export function encodeProcessContext(resource: Attributes, attributes: Attributes): Uint8Array {
  const writer = new ProtobufWriter(1024);
  writer.varint(RESOURCE);
  const start = writer.begin();
  for (const [key, value] of Object.entries(resource)) writeKeyValue(writer, RESOURCE_ATTRIBUTES, key, value);
  writer.end(start);
  for (const [key, value] of Object.entries(attributes)) writeKeyValue(writer, ATTRIBUTES, key, value);
  return writer.written();
}

function writeKeyValue(writer: ProtobufWriter, tag: number, key: string, value: unknown): void {
  writer.varint(tag);
  const start = writer.begin();
  writer.varint(KEY);
  writer.string(key);
  writer.varint(VALUE);
  writeValue(writer, value);
  writer.end(start);
}

/** What is no attribute value becomes an empty one. */
function writeValue(writer: ProtobufWriter, value: unknown): void {
  const start = writer.begin();
  if (typeof value === 'string') {
    writer.varint(STRING);
    writer.string(value);
  } else if (typeof value === 'boolean') {
    writer.varint(BOOL);
    writer.varint(Number(value));
  } else if (typeof value === 'number' && Number.isSafeInteger(value)) {
    writer.varint(INT);
    writer.varint(value);
  } else if (typeof value === 'number') {
    writer.varint(DOUBLE);
    writer.double(value);
  } else if (Array.isArray(value)) {
    writer.varint(ARRAY);
    const array = writer.begin();
    for (const element of value) {
      writer.varint(ARRAY_VALUES);
      writeValue(writer, element);
    }
    writer.end(array);
  }
  writer.end(start);
}
