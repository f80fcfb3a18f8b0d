// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import { kernelsOf } from '../../../harness/machine/kernels.ts';
import { LAYERS } from '../../runner/layers.ts';

const TEXT = readFileSync(new URL('../../../CONTRIBUTING.md', import.meta.url), 'utf8');

it('CONTRIBUTING.md describes every layer of tests, in the order in which they run', () => {
  const [, table = ''] = TEXT.split('| layer | needs | shows |\n');
  const described = [...table.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name);
  assert.deepEqual(
    described,
    LAYERS.map(({ name }) => name),
  );
});

it('CONTRIBUTING.md names every kernel of the machines', () => {
  const names = kernelsOf('x64').map(({ name }) => name);
  assert.ok(TEXT.includes(`Linux ${names.slice(0, -1).join(', ')} and ${names.at(-1)}`));
  for (const { name } of kernelsOf('arm64')) assert.ok(TEXT.includes(`\`${name}\``), name);
});
