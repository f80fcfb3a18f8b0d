// SPDX-License-Identifier: Apache-2.0
import type { ApplicationSpan } from './application-span.ts';

type Json = Record<string, unknown>;
type Attributes = ReadonlyMap<string, string | number>;

/** Spans of compactions themselves. */
const OWN_SCOPE = 'compactstall';
const LAST_TIME = 2n ** 63n;
const INTEGER = /^-?\d+$/;

/**
 * The spans of a trace request in OTLP/JSON, without those of compactions. It takes lower camel case and snake case, as protobuf's JSON
 * allows both. @throws Error that says what was expected
 */
export function spansIn(request: unknown): ApplicationSpan[] {
  if (!isObject(request)) throw new Error('expected an object with resourceSpans');
  return listOf(request, 'resourceSpans').flatMap((group) => {
    const resource = attributesOf(isObject(group.resource) ? group.resource : {});
    return listOf(group, 'scopeSpans').flatMap((scopeSpans) => {
      if (isObject(scopeSpans.scope) && scopeSpans.scope.name === OWN_SCOPE) return [];
      return listOf(scopeSpans, 'spans').map((span) => spanOf(span, resource));
    });
  });
}

function spanOf(span: Json, resource: Attributes): ApplicationSpan {
  const own = attributesOf(span);
  const from = timeOf(span, 'startTimeUnixNano');
  const to = timeOf(span, 'endTimeUnixNano');
  const pid = numberOf(resource.get('process.pid'));
  const threadId = numberOf(own.get('thread.id'));
  const [hostId, hostName, threadName] = [
    textOf(resource.get('host.id')),
    textOf(resource.get('host.name')),
    textOf(own.get('thread.name')),
  ];
  return {
    traceId: idOf(span, 'traceId', 32),
    spanId: idOf(span, 'spanId', 16),
    name: textOf(span.name) ?? '',
    service: textOf(resource.get('service.name')) ?? 'unknown_service',
    from,
    // A clock may have been set back in between.
    to: to < from ? from : to,
    ...(pid !== undefined && { pid }),
    ...(hostId && { hostId }),
    ...(hostName && { hostName }),
    ...(threadId !== undefined && { threadId }),
    ...(threadName && { threadName }),
  };
}

function listOf(from: Json, name: string): Json[] {
  const value = memberOf(from, name);
  if (value === undefined || value === null) return [];
  if (Array.isArray(value) && value.every(isObject)) return value;
  throw new Error(`${name}: expected a list of objects`);
}

function attributesOf(from: Json): Attributes {
  return new Map(
    listOf(from, 'attributes').flatMap(({ key, value }): [string, string | number][] => {
      if (typeof key !== 'string' || !isObject(value)) return [];
      const text = memberOf(value, 'stringValue');
      if (typeof text === 'string') return [[key, text]];
      const integer = memberOf(value, 'intValue');
      const isInteger = typeof integer === 'string' ? INTEGER.test(integer) : Number.isSafeInteger(integer);
      return isInteger && Number.isSafeInteger(Number(integer)) ? [[key, Number(integer)]] : [];
    }),
  );
}

/** Hexadecimal digits. A list of bytes in base64, as protobuf's own mapping has them, is converted. */
function idOf(from: Json, name: string, digits: number): string {
  const value = memberOf(from, name);
  if (typeof value === 'string') {
    if (value.length === digits && /^[\da-f]+$/i.test(value)) return value.toLowerCase();
    const hex = Buffer.from(value, 'base64').toString('hex');
    if (hex.length === digits) return hex;
  }
  throw new Error(`${name}: expected ${digits} hexadecimal digits`);
}

function timeOf(from: Json, name: string): bigint {
  const value = memberOf(from, name);
  const isNumber = typeof value === 'string' ? /^\d{1,19}$/.test(value) : Number.isSafeInteger(value);
  const time = isNumber ? BigInt(value as string | number) : -1n;
  if (time < 0n || time >= LAST_TIME) throw new Error(`${name}: expected nanoseconds since the epoch`);
  return time;
}

function memberOf(from: Json, name: string): unknown {
  return from[name] ?? from[name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)];
}

const numberOf = (value: string | number | undefined): number | undefined =>
  value === undefined || value === '' || !Number.isSafeInteger(Number(value)) ? undefined : Number(value);
const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
