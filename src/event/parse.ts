// SPDX-License-Identifier: Apache-2.0
import { type AgentEvent, CONTEXT_SOURCES, STACK_OMISSIONS, TRIGGERS } from './event.ts';

/** The kernel's times are signed 64-bit numbers of nanoseconds: they end in the year 2262. */
const LAST_TIME = 2n ** 63n - 1n;
/** Levels of objects and lists in a line; an event has three. Deeper ones could not be written again. */
const MAX_DEPTH = 8;

/** Checks a value. Returns what was expected when the value is something else. */
type Check = (value: unknown) => string | undefined;

const expect =
  (what: string, test: (value: unknown) => boolean): Check =>
  (value) =>
    test(value) ? undefined : what;

const text = expect('a string', (value) => typeof value === 'string');
const integer = expect('an integer', Number.isSafeInteger);
const count = expect('an integer of 0 or more', (value) => Number.isSafeInteger(value) && (value as number) >= 0);
const decimal = (most: bigint, what: string) =>
  expect(
    `a string of digits, at most ${what}`,
    (value) => typeof value === 'string' && /^\d{1,20}$/.test(value) && BigInt(value) <= most,
  );
const byte = expect(
  'an integer from 0 to 255',
  (value) => Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 255,
);
const hexId = (digits: number) =>
  expect(
    `${digits} lower-case hex digits, not all zero`,
    (value) => typeof value === 'string' && value.length === digits && /^[0-9a-f]*[1-9a-f][0-9a-f]*$/.test(value),
  );
const index = expect(
  'null or a number from -1 to 1',
  (value) => value === null || (typeof value === 'number' && value >= -1 && value <= 1),
);
const oneOf = (words: readonly string[]): Check =>
  expect(`one of ${words.join(', ')}`, (value) => words.some((word) => word === value));
const list =
  (element: Check): Check =>
  (value) => {
    if (!Array.isArray(value)) return 'a list';
    const expected = value.map(element).find(Boolean);
    return expected && `a list, each ${expected}`;
  };

// JSON.parse makes Infinity of 1e999.
const isPrimitive = (value: unknown) => ['string', 'boolean'].includes(typeof value) || Number.isFinite(value);
const attributes = expect(
  'an object of strings, finite numbers, booleans and lists of these',
  (value) =>
    isObject(value) &&
    Object.values(value).every((one) => isPrimitive(one) || (Array.isArray(one) && one.every(isPrimitive))),
);

const texts = expect(
  'an object of strings',
  (value) => isObject(value) && Object.values(value).every((one) => typeof one === 'string'),
);

/** The fields of a type, each with its check, or a nested table for a nested object. `?` marks a field that may be absent. */
interface Fields {
  [name: string]: Check | Fields;
}

const CONTEXT: Fields = {
  source: oneOf(CONTEXT_SOURCES),
  traceId: hexId(32),
  spanId: hexId(16),
  flags: byte,
  'attributes?': texts,
  relation: oneOf(['child', 'link']),
};

const ZONE_STATE: Fields = { free: count, index, blocks: list(count) };

const EVENT = {
  startUnixNano: decimal(LAST_TIME, '2^63 - 1'),
  durationNano: count,
  trigger: oneOf(TRIGGERS),
  pid: count,
  tid: count,
  comm: text,
  'executable?': text,
  'container?': text,
  'resource?': attributes,
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

const NOT_RECORDED = {
  startUnixNano: decimal(LAST_TIME, '2^63 - 1'),
  durationNano: count,
  count,
  sumNano: count,
  longestNano: count,
  reason: oneOf(['rate']),
  limit: count,
  traceId: hexId(32),
  spanId: hexId(16),
} satisfies Fields;

/** Parses a line of a recording. Throws an Error that names the field and what was expected. */
export function parseEvent(line: string): AgentEvent {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    throw new Error(`not JSON (${(error as Error).message})`);
  }
  if (!isObject(value)) throw new Error('not a JSON object');
  if (isDeeperThan(MAX_DEPTH, value)) throw new Error(`nested more than ${MAX_DEPTH} levels deep`);
  if (value.v !== 1) throw new Error(`v: expected 1, got ${shown(value.v)}${newer(value.v)}`);
  if (value.kind !== undefined && value.kind !== 'not_recorded') {
    throw new Error(`kind: expected nothing or "not_recorded", got ${shown(value.kind)}`);
  }
  check(value, value.kind === undefined ? EVENT : NOT_RECORDED, '');
  const event = value as unknown as AgentEvent;
  if (BigInt(event.startUnixNano) + BigInt(event.durationNano) > LAST_TIME) {
    throw new Error('durationNano: expected an end of at most 2^63 - 1 nanoseconds');
  }
  return event;
}

const newer = (version: unknown) =>
  typeof version === 'number' && version > 1 ? '; a newer compactstall may have written it' : '';

function isDeeperThan(levels: number, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((one) => isDeeperThan(levels - 1, one));
}

function check(value: Record<string, unknown>, fields: Fields, path: string): void {
  for (const [key, field] of Object.entries(fields)) {
    const name = key.replace('?', '');
    const found = value[name];
    if (found === undefined && key.endsWith('?')) continue;
    if (typeof field === 'function') {
      const expected = field(found);
      if (expected) throw new Error(`${path}${name}: expected ${expected}, got ${shown(found)}`);
    } else if (isObject(found)) {
      check(found, field, `${path}${name}.`);
    } else {
      throw new Error(`${path}${name}: expected an object, got ${shown(found)}`);
    }
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  const json = JSON.stringify(value);
  return json.length > 40 ? `${json.slice(0, 40)}...` : json;
}
