// SPDX-License-Identifier: Apache-2.0
/** Process contexts as a program publishes them, and malformed ones. */
import { bytesTag, fixed64Tag, ProtobufWriter, varintTag } from '../../../../src/protobuf/writer.ts';

export function bytes(field: number, ...parts: Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const out = new ProtobufWriter(content.length + 16);
  out.varint(bytesTag(field));
  out.varint(content.length);
  out.raw(content);
  return Buffer.from(out.written());
}

export function varint(field: number, value: number): Buffer {
  const out = new ProtobufWriter(32);
  out.varint(varintTag(field));
  out.varint(value);
  return Buffer.from(out.written());
}

export function double(field: number, value: number): Buffer {
  const out = new ProtobufWriter(32);
  out.varint(fixed64Tag(field));
  out.double(value);
  return Buffer.from(out.written());
}

// AnyValue
export const text = (value: string) => bytes(1, Buffer.from(value));
export const bool = (value: boolean) => varint(2, value ? 1 : 0);
export const int = (value: number) => varint(3, value);
export const array = (...values: Buffer[]) => bytes(5, ...values.map((value) => bytes(1, value)));

export const attribute = (name: string, value: Buffer) => bytes(1, bytes(1, Buffer.from(name)), bytes(2, value));
export const context = (...attributes: Buffer[]) => bytes(1, ...attributes);
export const named = (service: string) => context(attribute('service.name', text(service)));
/** Announces thread contexts, whose attributes have these names. */
export const threadContexts = (...keys: string[]) =>
  Buffer.concat(
    [
      ['threadlocal.schema_version', text('tlsdesc_v1_dev')] as const,
      ['threadlocal.attribute_key_map', array(...keys.map(text))] as const,
    ].map(([name, value]) => bytes(2, bytes(1, Buffer.from(name)), bytes(2, value))),
  );
