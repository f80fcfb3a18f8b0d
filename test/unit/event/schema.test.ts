// SPDX-License-Identifier: Apache-2.0
// schema/event.schema.json, read by a validator of JSON schemas, says the same as the parser.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { eventSchema } from '../../../docs/generate/event-schema.ts';
import { parseEvent } from '../../../src/event/parse.ts';
import { event, fixtureText, notRecorded } from '../fixtures.ts';

const read = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');
const validate = new Ajv2020({ allErrors: true, allowUnionTypes: true }).compile(
  JSON.parse(read('schema/event.schema.json')),
);
const parses = (value: unknown) => {
  try {
    parseEvent(JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
};

/** Every change of one field, at any depth, to another kind of value. */
function* changed(value: Record<string, unknown>): Generator<[path: string, value: object]> {
  for (const [name, field] of Object.entries(value)) {
    const { [name]: _, ...without } = value;
    yield [`${name}: absent`, without];
    for (const other of [null, 1, -1, 0.5, '', 'x', true, [], [1], ['a', 1], {}, { a: 1 }, 300, '1e3']) {
      yield [`${name}: ${JSON.stringify(other)}`, { ...value, [name]: other }];
    }
    if (typeof field !== 'object' || field === null || Array.isArray(field)) continue;
    for (const [path, inner] of changed(field as Record<string, unknown>)) {
      yield [`${name}.${path}`, { ...value, [name]: inner }];
    }
  }
}

const context = {
  source: 'thread',
  traceId: 'a'.repeat(32),
  spanId: 'b'.repeat(16),
  flags: 1,
  relation: 'child',
  attributes: { a: 'b' },
};
const whole = event(0, { context, resource: { 'service.name': 's', ports: [1] }, stackOmitted: 'budget' } as object);

describe('the JSON schema of events', () => {
  it('is the generated one', () => {
    assert.deepEqual(JSON.parse(read('schema/event.schema.json')), eventSchema());
  });

  it('holds for recordings, the real one of the examples among them', () => {
    for (const text of [
      read('examples/recording.jsonl'),
      fixtureText('snoop/events.jsonl'),
      JSON.stringify(notRecorded()),
    ]) {
      for (const line of text.trimEnd().split('\n')) {
        assert.ok(validate(JSON.parse(line)), `${JSON.stringify(validate.errors)}: ${line}`);
      }
    }
  });

  it('agrees with the parser on each wrong value of each field', () => {
    let refused = 0;
    for (const one of [whole, notRecorded()]) {
      for (const [path, value] of changed(one as unknown as Record<string, unknown>)) {
        assert.equal(validate(value), parses(value), path);
        if (!validate(value)) refused += 1;
      }
    }
    assert.ok(refused > 300, `${refused}`);
  });
});
