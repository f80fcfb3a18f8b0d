// SPDX-License-Identifier: Apache-2.0
import { EVENT, type Fields, type Form, isForm, NOT_RECORDED } from '../../src/event/fields.ts';

/** The JSON schema of a line of `--output json`: what the parser checks, as far as a schema can say it. */
export function eventSchema(): object {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'An event of compactstall: a line of --output json, or of a recording',
    description: 'docs/attributes.md describes the fields of a compaction. A later version may add fields.',
    $comment:
      'The end, startUnixNano plus durationNano, is at most 2^63 - 1; no value is nested more than 8 levels deep.',
    oneOf: [
      { title: 'A compaction', ...schemaOf({ v: constant(1), ...EVENT }), not: { required: ['kind'] } },
      {
        title: 'Compactions that were not recorded',
        ...schemaOf({ v: constant(1), kind: constant('not_recorded'), ...NOT_RECORDED }),
      },
    ],
  };
}

const constant = (value: unknown): Form => ({ check: () => undefined, schema: { const: value } });

function schemaOf(fields: Fields): object {
  const names = Object.keys(fields);
  return {
    type: 'object',
    properties: Object.fromEntries(
      Object.entries(fields).map(([name, field]) => [
        name.replace('?', ''),
        isForm(field) ? field.schema : schemaOf(field),
      ]),
    ),
    required: names.filter((name) => !name.endsWith('?')),
  };
}
