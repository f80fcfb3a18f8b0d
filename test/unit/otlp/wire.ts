// SPDX-License-Identifier: Apache-2.0
import { fileURLToPath } from 'node:url';
import protobuf from 'protobufjs';

const root = protobuf.loadSync(fileURLToPath(new URL('otlp.proto', import.meta.url)));

export type Value = { kind: string; value: unknown };
export interface WireSpan {
  traceId: string;
  spanId: string;
  parentSpanId: string;
  name: string;
  kind: number;
  start: string;
  end: string;
  attributes: Record<string, Value>;
  droppedAttributes: number;
  droppedEvents: number;
  events: { time: string; name: string; attributes: Record<string, Value> }[];
  status: number;
  resource: Record<string, Value>;
  scope: { name: string; version: string };
}

/** The spans of a serialized request, with the type of every value as it came over the wire. */
export function decodeRequest(bytes: Uint8Array): WireSpan[] {
  const type = root.lookupType('Request');
  const request = type.toObject(type.decode(bytes), { longs: String, oneofs: true, defaults: true, arrays: true });
  return request.resourceSpans.flatMap((group: any) =>
    group.scopeSpans.flatMap(({ scope, spans }: any) =>
      spans.map((span: any) => ({
        traceId: hex(span.traceId),
        spanId: hex(span.spanId),
        parentSpanId: hex(span.parentSpanId),
        name: span.name,
        kind: span.kind,
        start: span.startTimeUnixNano,
        end: span.endTimeUnixNano,
        attributes: valuesOf(span.attributes),
        droppedAttributes: span.droppedAttributesCount,
        droppedEvents: span.droppedEventsCount,
        events: span.events.map((event: any) => ({
          time: event.timeUnixNano,
          name: event.name,
          attributes: valuesOf(event.attributes),
        })),
        status: span.status?.code ?? 0,
        resource: valuesOf(group.resource.attributes),
        scope,
      })),
    ),
  );
}

function valuesOf(pairs: any[]): Record<string, Value> {
  return Object.fromEntries(pairs.map(({ key, value }) => [key, valueOf(value)]));
}

function valueOf(value: any): Value {
  if (value.value === 'arrayValue') return { kind: 'array', value: value.arrayValue.values.map(valueOf) };
  const kind: string = value.value;
  return { kind: kind.replace('Value', ''), value: value[kind] };
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
