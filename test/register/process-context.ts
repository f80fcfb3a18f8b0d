// SPDX-License-Identifier: Apache-2.0
// A reader of process contexts (OTEP 4719) outside the process.
import protobuf from 'protobufjs';
import type { Memory } from './memory.ts';

const { root } = protobuf.parse(`
  syntax = "proto3";
  message ProcessContext { Resource resource = 1; repeated KeyValue attributes = 2; }
  message Resource { repeated KeyValue attributes = 1; }
  message KeyValue { string key = 1; Value value = 2; }
  message Value {
    oneof value { string string = 1; bool bool = 2; int64 int = 3; double double = 4; Values array = 5; }
  }
  message Values { repeated Value values = 1; }
`);
const type = root.lookupType('ProcessContext');

interface Value {
  value?: 'string' | 'bool' | 'int' | 'double' | 'array';
  array?: { values?: Value[] };
  [name: string]: unknown;
}
type Pairs = { key: string; value: Value }[];
export type Attributes = { [name: string]: unknown };

export interface ProcessContext {
  mapping: string;
  publishedAtNs: bigint;
  resource: Attributes;
  attributes: Attributes;
}

/** All contexts that the process publishes, which should be one. */
export function readProcessContexts(memory: Memory): ProcessContext[] {
  return memory
    .mappings()
    .filter(({ name }) => /^(\/memfd:OTEL_CTX|\[anon:OTEL_CTX\]|\[anon_shmem:OTEL_CTX\])/.test(name))
    .map(({ name, start }) => {
      const header = memory.bytes(start, 32);
      if (header.toString('latin1', 0, 8) !== 'OTEL_CTX') throw new Error('no signature');
      if (header.readUInt32LE(8) !== 2) throw new Error(`version ${header.readUInt32LE(8)}`);
      const publishedAtNs = header.readBigUInt64LE(16);
      const payload = memory.bytes(Number(header.readBigUInt64LE(24)), header.readUInt32LE(12));
      if (publishedAtNs === 0n || memory.word(start + 16) !== publishedAtNs) throw new Error('it changed meanwhile');
      return { mapping: name, publishedAtNs, ...decodeProcessContext(payload) };
    });
}

export function decodeProcessContext(payload: Uint8Array): { resource: Attributes; attributes: Attributes } {
  const message = type.toObject(type.decode(payload), { longs: Number, oneofs: true, arrays: true });
  return { resource: plain(message.resource?.attributes ?? []), attributes: plain(message.attributes) };
}

const plain = (pairs: Pairs) => Object.fromEntries(pairs.map(({ key, value }) => [key, plainValue(value)]));

function plainValue(value: Value): unknown {
  if (value.value === 'array') return (value.array?.values ?? []).map(plainValue);
  return value.value === undefined ? null : value[value.value];
}
