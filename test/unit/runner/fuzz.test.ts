// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { it } from 'node:test';
import { ROOT } from '../../runner/layers.ts';
import { temporaryFolder } from '../fixtures.ts';

/** Runs Node.js outside of this test's own reporting. */
function node(...args: string[]) {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: ROOT, env, encoding: 'utf8' });
  return { status, text: stdout + stderr };
}

it('the long run: as many cases as wanted, of the files that are named, from a seed', () => {
  const { status, text } = node('test/fuzz/run.ts', '--only', 'btf', '--cases', '3', '--seed', '5');
  assert.equal(status, 0, text);
  assert.match(text, /^3 cases for each property, seed 5$/m);
  assert.match(text, /^4 passed, 0 failed, 0 skipped$/m);
});

it('a wrong word ends it', () => {
  for (const words of [
    ['--only', 'nothing'],
    ['--cases', '1e6'],
    ['--seed', 'x'],
  ]) {
    const { status, text } = node('test/fuzz/run.ts', ...words);
    assert.equal(status, 2, text);
    assert.ok(text.startsWith(`${words.join(' ')}: `), text);
  }
});

it('a property that does not hold: the smallest input, and the command that repeats it', (t) => {
  const file = temporaryFolder(t)('own.test.ts');
  writeFileSync(
    file,
    `import fc from '${import.meta.resolve('fast-check')}';
import { property } from '${ROOT}test/fuzz/property.ts';
property('no 7', fc.nat(1000).map((n) => Buffer.from([7, n % 256])), (bytes) => {
  if (bytes[1]! >= 7) throw new Error('a seven');
});
`,
  );
  const { status, text } = node('--test', file);
  assert.equal(status, 1, text);
  assert.match(text, /a seven/);
  assert.match(text, /after \d+ cases, for Buffer\.from\('0707', 'hex'\)/);
  assert.match(text, /The same again: npm run fuzz -- --only own --seed 16 --cases 2000/);
});
