// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import { manualPages } from '../../../packaging/manual/pages.ts';

it('package.json lists every manual page, so that a global installation has them', () => {
  const { man } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'));
  const pages = [...manualPages(new Date()).keys()].map((name) => `dist/share/man/man1/${name}.1`);
  assert.deepEqual(man.toSorted(), pages.toSorted());
});
