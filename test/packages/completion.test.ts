// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { PROGRAMS } from '../../packaging/completion/values.ts';
import { writeShellFiles } from '../../packaging/shell-files.ts';
import { bash, fish, zsh } from './shells.ts';

const COMMANDS = PROGRAMS[0]!.commands;

/** What has to complete the last word of a line. */
const CASES: readonly (readonly [before: string, typed: string, expected: readonly string[]])[] = [
  ['compactstall ', '', COMMANDS.map(({ name }) => name).sort()],
  ['compactstall ', 'do', ['doctor']],
  ['compactstall --log-level ', '', ['debug', 'error', 'info', 'warn']],
  ['compactstall replay --log-level ', 'd', ['debug']],
  ['compactstall --stack-budget ', '', ['off']],
  ['compactstall --trigger ', '', ['direct', 'kcompactd', 'manual', 'proactive']],
  ['compactstall --trigger ', 'direct,k', ['direct,kcompactd']],
  ['compactstall --output ', 'j', ['json', 'json:']],
  ['compactstall --output ', 'json:st', ['json:stalls.jsonl']],
  ['compactstall -o ', 'json:fo', ['json:folder']],
  ['compactstall replay ', 'st', ['stalls.jsonl']],
  ['compactstall summary --json ', 'st', ['stalls.jsonl']],
  ['compactstall report -o ', 'st', ['stalls.jsonl']],
  ['compactstall run ', 'st', []],
  ['compactstall --config ', 'st', ['stalls.jsonl']],
  ['compactstall --procfs ', '', ['folder']],
  ['compactstall --user ', 'nob', ['nobody']],
  ['compactstall doctor --pid ', String(process.pid), [String(process.pid)]],
  ['compactstall --min-duration ', '', []],
  ['compactsnoop -p ', String(process.pid), [String(process.pid)]],
  ['compactsnoop ', 'st', []],
];

describe('the completion of shells', () => {
  const share = mkdtempSync(join(tmpdir(), 'compactstall-completion-'));
  after(() => rmSync(share, { recursive: true }));
  writeShellFiles(share, new Date());

  for (const [name, start] of Object.entries({ bash, zsh, fish })) {
    describe(name, () => {
      const cwd = join(share, `in-${name}`);
      mkdirSync(join(cwd, 'folder'), { recursive: true });
      writeFileSync(join(cwd, 'stalls.jsonl'), '');
      const shell = start(share, cwd);
      after(() => shell.end());
      /** Without what a shell itself adds to a word, and takes away when the next key is a blank. */
      const complete = async (before: string, typed: string) =>
        (await shell.complete(before, typed)).map((word) => word.replace(/[=,/]$/, ''));

      for (const { name: program, commands } of PROGRAMS) {
        for (const { name: command, options } of commands) {
          it(`${program} ${command}: all options, and no others`, async () => {
            const before = program === command ? `${program} ` : `${program} ${command} `;
            const all = options.map((option) => `--${option.name}`).sort();
            assert.deepEqual(await complete(before, '--'), all);
          });
        }
      }

      for (const [before, typed, expected] of CASES) {
        it(`${before}${typed}`, async () => {
          // A word that nothing completes stays as it is.
          const offered = (await complete(before, typed)).filter((word) => word !== typed || expected.length > 0);
          assert.deepEqual(offered, expected);
        });
      }
    });
  }
});
