// SPDX-License-Identifier: Apache-2.0
import { fileURLToPath } from 'node:url';
import protobuf from 'protobufjs';

const root = protobuf.loadSync(fileURLToPath(new URL('otlp.proto', import.meta.url)));

/** A value with its type on the wire: string, int, double, array. Integers are decimal strings. */
export interface Value {
  kind: string;
  value: unknown;
}
export type Values = Record<string, Value>;

export interface WireSpan {
  traceId: string;
  spanId: string;
  parentSpanId: string;
  name: string;
  kind: number;
  start: string;
  end: string;
  attributes: Values;
  droppedAttributes: number;
  droppedEvents: number;
  events: { time: string; name: string; attributes: Values }[];
  status: number;
  flags: number;
  links: { traceId: string; spanId: string; flags: number }[];
  resource: Values;
  scope: { name: string; version: string };
}

/** The shapes of otlp.proto in protobufjs. */
type RawValue = { value: string; arrayValue?: { values: RawValue[] } } & Record<string, unknown>;
type RawPairs = { key: string; value: RawValue }[];
interface RawSpan {
  traceId: Uint8Array;
  spanId: Uint8Array;
  parentSpanId: Uint8Array;
  name: string;
  kind: number;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes: RawPairs;
  droppedAttributesCount: number;
  events: { timeUnixNano: string; name: string; attributes: RawPairs }[];
  droppedEventsCount: number;
  status: { code: number } | null;
  flags: number;
  links: { traceId: Uint8Array; spanId: Uint8Array; flags: number }[];
}
interface RawRequest {
  resourceSpans: {
    resource: { attributes: RawPairs };
    scopeSpans: { scope: { name: string; version: string }; spans: RawSpan[] }[];
  }[];
}

/** A request as protobufjs has it: with the names of protobuf's JSON mapping, integers of 64 bits as strings, and ids as bytes. */
export function requestObject(bytes: Uint8Array): unknown {
  const type = root.lookupType('Request');
  return type.toObject(type.decode(bytes), { longs: String, arrays: false, defaults: false });
}

/** Encodes such an object. */
export function encodeRequest(object: Record<string, unknown>): Uint8Array {
  const type = root.lookupType('Request');
  return type.encode(type.fromObject(object)).finish();
}

/** The spans of a serialized request; those of one ResourceSpans share its resource. */
export function decodeRequest(bytes: Uint8Array): WireSpan[] {
  const type = root.lookupType('Request');
  const options = { longs: String, oneofs: true, defaults: true, arrays: true };
  const request = type.toObject(type.decode(bytes), options) as unknown as RawRequest;
  return request.resourceSpans.flatMap(({ resource: { attributes }, scopeSpans }) => {
    const resource = decodeValues(attributes);
    return scopeSpans.flatMap(({ scope, spans }) => spans.map((span) => ({ ...decodeSpan(span), resource, scope })));
  });
}

function decodeSpan(span: RawSpan): Omit<WireSpan, 'resource' | 'scope'> {
  return {
    traceId: hex(span.traceId),
    spanId: hex(span.spanId),
    parentSpanId: hex(span.parentSpanId),
    name: span.name,
    kind: span.kind,
    start: span.startTimeUnixNano,
    end: span.endTimeUnixNano,
    attributes: decodeValues(span.attributes),
    droppedAttributes: span.droppedAttributesCount,
    droppedEvents: span.droppedEventsCount,
    events: span.events.map(({ timeUnixNano, name, attributes }) => ({
      time: timeUnixNano,
      name,
      attributes: decodeValues(attributes),
    })),
    status: span.status?.code ?? 0,
    flags: span.flags,
    links: span.links.map(({ traceId, spanId, flags }) => ({ traceId: hex(traceId), spanId: hex(spanId), flags })),
  };
}

function decodeValues(pairs: RawPairs): Values {
  return Object.fromEntries(pairs.map(({ key, value }) => [key, decodeValue(value)]));
}

function decodeValue(value: RawValue): Value {
  if (value.arrayValue) return { kind: 'array', value: value.arrayValue.values.map(decodeValue) };
  return { kind: value.value.replace('Value', ''), value: value[value.value] };
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

export const encodeResponse = (rejected = 0, message = ''): Buffer =>
  encode('Response', rejected || message ? { partialSuccess: { rejectedSpans: rejected, errorMessage: message } } : {});

/** grpc-status-details-bin with a RetryInfo. */
export function encodeRetryInfo(code: number, ms: number): Buffer {
  const delay = { seconds: Math.floor(ms / 1000), nanos: (ms % 1000) * 1e6 };
  const value = encode('RetryInfo', { retryDelay: delay });
  return encode('RpcStatus', { code, details: [{ typeUrl: 'type.googleapis.com/google.rpc.RetryInfo', value }] });
}

function encode(name: string, object: object): Buffer {
  const type = root.lookupType(name);
  return Buffer.from(type.encode(type.fromObject(object)).finish());
}
