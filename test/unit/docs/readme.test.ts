// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import { SNOOP_HELP } from '../../../src/cli/compactsnoop-options.ts';
import { HELP } from '../../../src/cli/compactstall-options.ts';

it('README.md has the help of both commands, word for word', () => {
  const readme = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8');
  for (const help of [HELP, SNOOP_HELP]) assert.ok(readme.includes(`\`\`\`\n${help}\`\`\`\n`), help);
});
