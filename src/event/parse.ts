// SPDX-License-Identifier: Apache-2.0
import { CONTEXT_SOURCES, type CompactionEvent, TRIGGERS } from './event.ts';

/** Checks a value. Returns what was expected when the value is something else. */
type Check = (value: unknown) => string | undefined;

const expect =
  (what: string, test: (value: unknown) => boolean): Check =>
  (value) =>
    test(value) ? undefined : what;

const text = expect('a string', (value) => typeof value === 'string');
const integer = expect('an integer', Number.isSafeInteger);
const count = expect('an integer of 0 or more', (value) => Number.isSafeInteger(value) && (value as number) >= 0);
const decimal = expect('a string of digits', (value) => typeof value === 'string' && /^\d{1,20}$/.test(value));
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

const isPrimitive = (value: unknown) => ['string', 'number', 'boolean'].includes(typeof value);
const attributes = expect(
  'an object of strings, numbers, booleans and lists of these',
  (value) =>
    isObject(value) &&
    Object.values(value).every((one) => isPrimitive(one) || (Array.isArray(one) && one.every(isPrimitive))),
);

/** The fields of a type, each with its check, or a nested table for a nested object. `?` marks a field that may be absent. */
interface Fields {
  [name: string]: Check | Fields;
}

const CONTEXT: Fields = {
  source: oneOf(CONTEXT_SOURCES),
  traceId: hexId(32),
  spanId: hexId(16),
  flags: count,
  relation: oneOf(['child', 'link']),
};

const ZONE_STATE: Fields = { free: count, index, blocks: list(count) };

const EVENT = {
  startUnixNano: decimal,
  durationNano: count,
  trigger: oneOf(TRIGGERS),
  pid: count,
  tid: count,
  comm: text,
  'executable?': text,
  'container?': text,
  'resource?': attributes,
  cpu: count,
  cgroupId: decimal,
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
  'context?': CONTEXT,
  traceId: hexId(32),
  spanId: hexId(16),
} satisfies Fields;

/** Parses a line of a recording. Throws an Error that names the field and what was expected. */
export function parseEvent(line: string): CompactionEvent {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    throw new Error(`not JSON (${(error as Error).message})`);
  }
  if (!isObject(value)) throw new Error('not a JSON object');
  if (value.v !== 1) throw new Error(`v: expected 1, got ${shown(value.v)}; a newer compactstall may have written it`);
  check(value, EVENT, '');
  return value as unknown as CompactionEvent;
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
