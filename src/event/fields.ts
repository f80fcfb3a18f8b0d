// SPDX-License-Identifier: Apache-2.0
/** The fields of an event's JSON form. The parser checks them, and the JSON schema of the package is made of them. */
import { isResourceAttributes } from '../protobuf/attribute.ts';
import { CONTEXT_SOURCES, STACK_OMISSIONS, TRIGGERS } from './event.ts';

/** The kernel's times are signed 64-bit numbers of nanoseconds: they end in the year 2262. */
export const LAST_TIME = 2n ** 63n - 1n;

/** A form of values: the check of a value, and the same as a JSON schema. */
export interface Form {
  /** What was expected when the value is something else. */
  check: (value: unknown) => string | undefined;
  schema: object;
}

/** The fields of a type, each with its form, or a nested table for a nested object. `?` marks a field that may be absent. */
export interface Fields {
  [name: string]: Form | Fields;
}

const expect = (what: string, schema: object, test: (value: unknown) => boolean): Form => ({
  check: (value) => (test(value) ? undefined : what),
  schema,
});

const text = expect('a string', { type: 'string' }, (value) => typeof value === 'string');
const integer = expect('an integer', { type: 'integer' }, Number.isSafeInteger);
const count = expect(
  'an integer of 0 or more',
  { type: 'integer', minimum: 0 },
  (value) => Number.isSafeInteger(value) && (value as number) >= 0,
);
const decimal = (most: bigint, what: string) =>
  expect(
    `a string of digits, at most ${what}`,
    { type: 'string', pattern: '^[0-9]{1,20}$', description: `At most ${what}.` },
    (value) => typeof value === 'string' && /^\d{1,20}$/.test(value) && BigInt(value) <= most,
  );
const byte = expect(
  'an integer from 0 to 255',
  { type: 'integer', minimum: 0, maximum: 255 },
  (value) => Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 255,
);
const hexId = (digits: number) =>
  expect(
    `${digits} lower-case hex digits, not all zero`,
    { type: 'string', pattern: `^(?=.*[^0])[0-9a-f]{${digits}}$` },
    (value) => typeof value === 'string' && value.length === digits && /^[0-9a-f]*[1-9a-f][0-9a-f]*$/.test(value),
  );
const index = expect(
  'null or a number from -1 to 1',
  { type: ['number', 'null'], minimum: -1, maximum: 1 },
  (value) => value === null || (typeof value === 'number' && value >= -1 && value <= 1),
);
const reason = expect(
  'a word of a-z, 0-9 and _',
  { type: 'string', pattern: '^[a-z][a-z0-9_]{0,63}$' },
  (value) => typeof value === 'string' && /^[a-z][a-z0-9_]{0,63}$/.test(value),
);
const oneOf = (words: readonly string[]): Form =>
  expect(`one of ${words.join(', ')}`, { enum: words }, (value) => words.some((word) => word === value));
const list = (element: Form): Form => ({
  check: (value) => {
    if (!Array.isArray(value)) return 'a list';
    const expected = value.map(element.check).find(Boolean);
    return expected && `a list, each ${expected}`;
  },
  schema: { type: 'array', items: element.schema },
});

const PRIMITIVE = { type: ['string', 'number', 'boolean'] };
const attributes = expect(
  'an object of strings, finite numbers, booleans and lists of these',
  { type: 'object', additionalProperties: { anyOf: [PRIMITIVE, { type: 'array', items: PRIMITIVE }] } },
  isResourceAttributes,
);

const texts = expect(
  'an object of strings',
  { type: 'object', additionalProperties: { type: 'string' } },
  (value) => isObject(value) && Object.values(value).every((one) => typeof one === 'string'),
);

const CONTEXT: Fields = {
  source: oneOf(CONTEXT_SOURCES),
  traceId: hexId(32),
  spanId: hexId(16),
  flags: byte,
  'attributes?': texts,
  relation: oneOf(['child', 'link']),
};

const HOST: Fields = { 'name?': text, 'id?': text, 'guessed?': list(oneOf(['name', 'id'])) };

const ZONE_STATE: Fields = { free: count, index, blocks: list(count) };

/** A CompactionEvent, besides `v`. */
export const EVENT = {
  startUnixNano: decimal(LAST_TIME, '2^63 - 1'),
  durationNano: count,
  trigger: oneOf(TRIGGERS),
  pid: count,
  tid: count,
  comm: text,
  'executable?': text,
  'container?': text,
  'resource?': attributes,
  'host?': HOST,
  cpu: count,
  cgroupId: decimal(2n ** 64n - 1n, '2^64 - 1'),
  node: integer,
  zone: text,
  zoneIndex: count,
  order: integer,
  mode: text,
  status: text,
  gfp: list(text),
  'priority?': text,
  'attempt?': text,
  watermark: { min: count, low: count, high: count },
  begin: ZONE_STATE,
  end: ZONE_STATE,
  scanned: { migrate: count, free: count },
  stack: list(text),
  'stackOmitted?': oneOf(STACK_OMISSIONS),
  'context?': CONTEXT,
  traceId: hexId(32),
  spanId: hexId(16),
} satisfies Fields;

/** A NotRecordedEvent, besides `v` and `kind`. */
export const NOT_RECORDED = {
  startUnixNano: decimal(LAST_TIME, '2^63 - 1'),
  durationNano: count,
  count,
  reason,
  'sumNano?': count,
  'longestNano?': count,
  'limit?': count,
  'host?': HOST,
  traceId: hexId(32),
  spanId: hexId(16),
} satisfies Fields;

export const isForm = (field: Form | Fields): field is Form => typeof field.check === 'function';

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
