// SPDX-License-Identifier: Apache-2.0
/** Events of every form that a recording may have, from the table of their fields: a new field is tried without a word here. */
import fc from 'fast-check';
import type { AgentEvent } from '../../src/event/event.ts';
import { EVENT, type Fields, type Form, isForm, NOT_RECORDED } from '../../src/event/fields.ts';
import { anyText } from './arbitraries.ts';

interface Schema {
  type?: string | readonly string[];
  enum?: readonly string[];
  pattern?: string;
  minimum?: number;
  maximum?: number;
  items?: Schema;
  anyOf?: readonly Schema[];
  additionalProperties?: Schema;
}

const DECIMAL = '^[0-9]{1,20}$';

function ofSchema(schema: Schema): fc.Arbitrary<unknown> {
  const { type, minimum = Number.MIN_SAFE_INTEGER, maximum = Number.MAX_SAFE_INTEGER } = schema;
  if (schema.enum) return fc.constantFrom(...schema.enum);
  if (schema.anyOf) return fc.oneof(...schema.anyOf.map(ofSchema));
  // With the longest duration it is still a time of the kernel's.
  if (schema.pattern === DECIMAL) return fc.bigInt({ min: 0n, max: 2n ** 62n }).map(String);
  if (schema.pattern !== undefined) {
    const digits = /\{(\d+)\}/.exec(schema.pattern)?.[1];
    return digits === undefined ? fc.stringMatching(new RegExp(schema.pattern)) : hexId(Number(digits));
  }
  if (Array.isArray(type)) {
    const bounds = { minimum, maximum };
    return fc.oneof(...type.map((one) => ofSchema({ type: one, ...bounds })));
  }
  switch (type) {
    case 'string':
      return anyText();
    case 'integer':
      return fc.integer({ min: minimum, max: maximum });
    case 'number':
      return fc
        .double({ min: Math.max(minimum, -1e300), max: Math.min(maximum, 1e300), noNaN: true })
        .map((n) => n + 0);
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'array':
      return fc.array(ofSchema(schema.items!), { maxLength: 12 });
    case 'object':
      return fc.dictionary(anyText(16), ofSchema(schema.additionalProperties!), { maxKeys: 6, noNullPrototype: true });
    default:
      throw new Error(`a form of values that this does not know: ${JSON.stringify(schema)}`);
  }
}

const hexId = (digits: number): fc.Arbitrary<string> =>
  fc.bigInt({ min: 1n, max: 16n ** BigInt(digits) - 1n }).map((id) => id.toString(16).padStart(digits, '0'));

const ofField = (field: Form | Fields): fc.Arbitrary<unknown> =>
  isForm(field) ? ofSchema(field.schema as Schema) : ofFields(field);

function ofFields(fields: Fields): fc.Arbitrary<object> {
  const all = Object.entries(fields).map(([key, field]) => [key.replace('?', ''), ofField(field)] as const);
  const requiredKeys = Object.keys(fields).filter((key) => !key.endsWith('?'));
  return fc.record(Object.fromEntries(all), { requiredKeys, noNullPrototype: true });
}

/** Any event of either kind that the format allows. */
export const anyEvent = (): fc.Arbitrary<AgentEvent> =>
  fc.oneof(
    { weight: 4, arbitrary: ofFields(EVENT).map((fields) => ({ v: 1, ...fields }) as AgentEvent) },
    ofFields(NOT_RECORDED).map((fields) => ({ v: 1, kind: 'not_recorded', ...fields }) as AgentEvent),
  );
