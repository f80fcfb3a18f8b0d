// SPDX-License-Identifier: Apache-2.0
// Process context (OTEP 4719): native/process-context keeps the memory, and this file fills it.
import { createRequire } from 'node:module';
import { BUILD, installedNative } from '../installation.ts';
import { keyBytes, writeAttribute } from '../protobuf/attribute-writer.ts';
import { bytesTag, ProtobufWriter } from '../protobuf/writer.ts';
import type { Attributes } from './sdk-resource.ts';

interface Addon {
  publish(payload: Uint8Array, rank: number): boolean;
  leaveToAnother(): boolean;
}

/** Sources of the resource, the most reliable last. A higher rank replaces a lower one, never vice versa. */
const RANKS = { environment: 0, worker: 1, main: 2 };

// ProcessContext { Resource resource = 1; repeated KeyValue attributes = 2; }, and OTLP's Resource.
const RESOURCE = bytesTag(1);
const ATTRIBUTES = bytesTag(2);
const RESOURCE_ATTRIBUTES = bytesTag(1);

export class ProcessContext {
  #addon: Addon;
  #attributes: Attributes;

  constructor(addon: Addon, attributes: Attributes) {
    this.#addon = addon;
    this.#attributes = attributes;
  }

  static load(attributes: Attributes, warn: (what: string) => void): ProcessContext | undefined {
    try {
      const file = installedNative('native/process-context', 'process_context.node');
      const addon = createRequire(import.meta.url)(file) as Addon;
      return new ProcessContext(addon, attributes);
    } catch (error) {
      const because = String((error as Error)?.message).split('\n')[0];
      warn(`this process's service will not be known: ${because} ${BUILD}`);
      return undefined;
    }
  }

  /** There has to be one process context. One of another library stays, as it cannot be told to go. */
  leaveToAnother(): void {
    this.#addon.leaveToAnother();
  }

  publish(resource: Attributes, from: keyof typeof RANKS): void {
    this.#addon.publish(encodeProcessContext(resource, this.#attributes), RANKS[from]);
  }
}

/** Anything that is not an attribute value becomes an empty value. */
export function encodeProcessContext(resource: Attributes, attributes: Attributes): Uint8Array {
  const writer = new ProtobufWriter(1024);
  writer.varint(RESOURCE);
  const start = writer.begin();
  writeAll(writer, RESOURCE_ATTRIBUTES, resource);
  writer.end(start);
  writeAll(writer, ATTRIBUTES, attributes);
  return writer.written();
}

function writeAll(writer: ProtobufWriter, tag: number, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) writeAttribute(writer, tag, keyBytes(name), value, false);
}
