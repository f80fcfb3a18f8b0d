// SPDX-License-Identifier: Apache-2.0
/**
 * A trace request as OTLP/JSON (opentelemetry-proto, specification.md, "JSON Protobuf Encoding"): protobuf's own JSON mapping, but ids are
 * hexadecimal and enums are numbers. Integers of 64 bits are strings, as JSON's readers round them.
 */
import { BYTES, FIXED32, FIXED64, VARINT, wireFields } from '../../protobuf/reader.ts';

type Scalar = 'string' | 'hex' | 'base64' | 'int64' | 'fixed64' | 'uint32' | 'fixed32' | 'int32' | 'bool' | 'double';

interface Member {
  name: string;
  /** A function where the message is described further down, or contains itself. */
  type: Scalar | (() => Shape);
  isList?: true;
}

/** The fields of a message by their numbers. */
type Shape = ReadonlyMap<number, Member>;

const shape = (members: Readonly<Record<number, Member>>): Shape =>
  new Map(Object.entries(members).map(([field, member]) => [Number(field), member]));
const one = (name: string, type: Member['type']): Member => ({ name, type });
const list = (name: string, type: Member['type']): Member => ({ name, type, isList: true });

// opentelemetry/proto/common/v1/common.proto
const VALUE: Shape = shape({
  1: one('stringValue', 'string'),
  2: one('boolValue', 'bool'),
  3: one('intValue', 'int64'),
  4: one('doubleValue', 'double'),
  5: one('arrayValue', () => VALUES),
  6: one('kvlistValue', () => PAIRS),
  7: one('bytesValue', 'base64'),
});
const VALUES: Shape = shape({ 1: list('values', () => VALUE) });
const PAIR: Shape = shape({ 1: one('key', 'string'), 2: one('value', () => VALUE) });
const PAIRS: Shape = shape({ 1: list('values', () => PAIR) });
const attributes = list('attributes', () => PAIR);
const droppedAttributes = one('droppedAttributesCount', 'uint32');
const SCOPE: Shape = shape({
  1: one('name', 'string'),
  2: one('version', 'string'),
  3: attributes,
  4: droppedAttributes,
});

// opentelemetry/proto/resource/v1/resource.proto
const ENTITY: Shape = shape({
  1: one('schemaUrl', 'string'),
  2: one('type', 'string'),
  3: list('idKeys', 'string'),
  4: list('descriptionKeys', 'string'),
});
const RESOURCE: Shape = shape({ 1: attributes, 2: droppedAttributes, 3: list('entityRefs', () => ENTITY) });

// opentelemetry/proto/trace/v1/trace.proto
const EVENT: Shape = shape({
  1: one('timeUnixNano', 'fixed64'),
  2: one('name', 'string'),
  3: attributes,
  4: droppedAttributes,
});
const LINK: Shape = shape({
  1: one('traceId', 'hex'),
  2: one('spanId', 'hex'),
  3: one('traceState', 'string'),
  4: attributes,
  5: droppedAttributes,
  6: one('flags', 'fixed32'),
});
const STATUS: Shape = shape({ 2: one('message', 'string'), 3: one('code', 'int32') });
const SPAN: Shape = shape({
  1: one('traceId', 'hex'),
  2: one('spanId', 'hex'),
  3: one('traceState', 'string'),
  4: one('parentSpanId', 'hex'),
  5: one('name', 'string'),
  6: one('kind', 'int32'),
  7: one('startTimeUnixNano', 'fixed64'),
  8: one('endTimeUnixNano', 'fixed64'),
  9: attributes,
  10: droppedAttributes,
  11: list('events', () => EVENT),
  12: one('droppedEventsCount', 'uint32'),
  13: list('links', () => LINK),
  14: one('droppedLinksCount', 'uint32'),
  15: one('status', () => STATUS),
  16: one('flags', 'fixed32'),
});
const SCOPE_SPANS: Shape = shape({
  1: one('scope', () => SCOPE),
  2: list('spans', () => SPAN),
  3: one('schemaUrl', 'string'),
});
const RESOURCE_SPANS: Shape = shape({
  1: one('resource', () => RESOURCE),
  2: list('scopeSpans', () => SCOPE_SPANS),
  3: one('schemaUrl', 'string'),
});
const REQUEST: Shape = shape({ 1: list('resourceSpans', () => RESOURCE_SPANS) });

/**
 * The request as one line of OTLP/JSON, with all that OTLP 1.10 knows of it.
 *
 * @param bytes an ExportTraceServiceRequest
 * @throws RangeError where they are none
 */
export const requestJson = (bytes: Uint8Array): string => JSON.stringify(messageOf(bytes, REQUEST));

type Json = string | number | boolean | JsonObject | Json[];
interface JsonObject {
  [name: string]: Json;
}

function messageOf(bytes: Uint8Array, members: Shape): JsonObject {
  const message: JsonObject = {};
  for (const { field, wireType, value } of wireFields(bytes)) {
    const member = members.get(field);
    if (member === undefined) continue;
    const { name, type, isList } = member;
    const json =
      typeof type === 'string' ? scalarOf(type, wireType, value) : messageOf(bytesOf(wireType, value), type());
    if (!isList) message[name] = json;
    else if (Array.isArray(message[name])) message[name].push(json);
    else message[name] = [json];
  }
  return message;
}

function scalarOf(type: Scalar, wireType: number, value: bigint | Uint8Array): Json {
  switch (type) {
    case 'string':
      return textOf(bytesOf(wireType, value), 'utf8');
    case 'hex':
      return textOf(bytesOf(wireType, value), 'hex');
    case 'base64':
      return textOf(bytesOf(wireType, value), 'base64');
    case 'int64':
      return String(integerOf(wireType, value));
    case 'uint32':
      return Number(BigInt.asUintN(32, integerOf(wireType, value)));
    case 'int32':
      return Number(BigInt.asIntN(32, integerOf(wireType, value)));
    case 'bool':
      return integerOf(wireType, value) !== 0n;
    case 'fixed32':
      return viewOf(FIXED32, wireType, value).getUint32(0, true);
    case 'fixed64':
      return String(viewOf(FIXED64, wireType, value).getBigUint64(0, true));
    case 'double': {
      const double = viewOf(FIXED64, wireType, value).getFloat64(0, true);
      return Number.isFinite(double) ? double : String(double);
    }
  }
}

const textOf = (bytes: Uint8Array, form: 'utf8' | 'hex' | 'base64'): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString(form);

function bytesOf(wireType: number, value: bigint | Uint8Array): Uint8Array {
  if (wireType === BYTES && typeof value !== 'bigint') return value;
  throw unexpected(wireType);
}

function integerOf(wireType: number, value: bigint | Uint8Array): bigint {
  if (wireType === VARINT && typeof value === 'bigint') return value;
  throw unexpected(wireType);
}

function viewOf(wanted: number, wireType: number, value: bigint | Uint8Array): DataView {
  if (wireType !== wanted || typeof value === 'bigint') throw unexpected(wireType);
  return new DataView(value.buffer, value.byteOffset, value.length);
}

const unexpected = (wireType: number) => new RangeError(`a field has the wire type ${wireType}`);
