// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { configurationDoc } from '../../../docs/generate/configuration-doc.ts';
import { configurationSchema } from '../../../docs/generate/configuration-schema.ts';

const text = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');

test('docs/configuration.md matches the table; otherwise: npm run generate', () => {
  assert.equal(text('docs/configuration.md'), configurationDoc());
});

test('schema/compactstall.schema.json matches the options and the library; otherwise: npm run generate', () => {
  assert.equal(text('schema/compactstall.schema.json'), configurationSchema());
});
