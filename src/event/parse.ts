// SPDX-License-Identifier: Apache-2.0
import type { AgentEvent } from './event.ts';
import { EVENT, type Fields, isForm, isObject, LAST_TIME, NOT_RECORDED } from './fields.ts';

/** Levels of objects and lists in a line; an event has three. Deeper ones could not be written again. */
const MAX_DEPTH = 8;

/** Parses a line of a recording. Throws an Error that names the field and what was expected. */
export function parseEvent(line: string): AgentEvent {
  const value = parseJson(line);
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

/** Parses a line. Throws an Error that begins with what it is not. */
export function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    throw new Error(`not JSON (${(error as Error).message})`);
  }
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
    if (isForm(field)) {
      const expected = field.check(found);
      if (expected) throw new Error(`${path}${name}: expected ${expected}, got ${shown(found)}`);
    } else if (isObject(found)) {
      check(found, field, `${path}${name}.`);
    } else {
      throw new Error(`${path}${name}: expected an object, got ${shown(found)}`);
    }
  }
}

function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  const json = JSON.stringify(value);
  return json.length > 40 ? `${json.slice(0, 40)}...` : json;
}
