// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { it } from 'node:test';

const MODULE = new URL('../../../src/cli/controlling-terminal.ts', import.meta.url);
const SCRIPT = `import { hasControllingTerminal } from ${JSON.stringify(MODULE.href)}; process.stdout.write(\`\${hasControllingTerminal()}\`);`;
const NODE = [process.execPath, '--input-type=module', '--eval', SCRIPT];
/** The words of a command for a shell. */
const quoted = (words: readonly string[]) => words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');

/** What these words print, which start a process without a terminal, or one in a terminal that they make. */
const said = (words: readonly string[]) => execFileSync('setsid', ['--wait', ...words], { encoding: 'utf8' }).trim();

it('a terminal is known, whatever standard input and output are', () => {
  assert.equal(said(NODE), 'false');
  assert.equal(said(['script', '-qec', quoted(NODE), '/dev/null']), 'true');
  assert.equal(said(['script', '-qec', `${quoted(NODE)} </dev/null | cat`, '/dev/null']), 'true');
});
