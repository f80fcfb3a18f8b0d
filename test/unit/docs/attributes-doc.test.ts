// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { attributesDoc } from '../../../docs/generate/attributes-doc.ts';
import { SPAN_ATTRIBUTES } from '../../../src/sinks/otlp/attributes.ts';
import { NOT_RECORDED_ATTRIBUTES } from '../../../src/sinks/otlp/not-recorded-attributes.ts';

test('docs/attributes.md matches the table; otherwise: npm run generate', () => {
  assert.equal(readFileSync(new URL('../../../docs/attributes.md', import.meta.url), 'utf8'), attributesDoc());
});

test('each name occurs once, in the namespace `compaction` or one of the semantic conventions', () => {
  const all: readonly { name: string; semconv?: true }[] = [...SPAN_ATTRIBUTES, ...NOT_RECORDED_ATTRIBUTES];
  const names = all.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
  for (const { name, semconv } of all) {
    assert.match(name, /^[a-z]+(_[a-z]+)*(\.[a-z]+(_[a-z]+)*)+$/);
    assert.equal(name.startsWith('compaction.'), !semconv, name);
  }
});
