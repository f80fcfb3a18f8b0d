// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { PROGRAMS } from '../../packaging/completion/values.ts';
import { shownArgument } from '../../src/cli/options.ts';
import { ROOT } from '../runner/layers.ts';

describe('the manual pages', () => {
  const share = mkdtempSync(join(tmpdir(), 'compactstall-manual-'));
  after(() => rmSync(share, { recursive: true }));
  const written = spawnSync(process.execPath, [join(ROOT, 'packaging/shell-files.ts'), share], { encoding: 'utf8' });
  const folder = join(share, 'man/man1');

  const man = (...args: string[]) => {
    // Without a limit, lines break where the terminal ends.
    const env = { ...process.env, MANPATH: join(share, 'man'), MANWIDTH: '1000', MAN_KEEP_FORMATTING: '' };
    return spawnSync('man', args, { encoding: 'utf8', env });
  };

  it('are written by a command, which says nothing', () => {
    assert.deepEqual([written.status, written.stdout, written.stderr], [0, '', '']);
  });

  for (const file of readdirSync(folder)) {
    it(`${file}: man, groff and mandoc have nothing to say against it`, () => {
      const path = join(folder, file);
      assert.equal(man('--warnings', '-E', 'UTF-8', '-l', path).stderr, '');
      const groff = spawnSync('groff', ['-ww', '-b', '-z', '-man', path], { encoding: 'utf8' });
      assert.equal(groff.stdout + groff.stderr, '');
      const mandoc = spawnSync('mandoc', ['-T', 'lint', '-W', 'warning', path], { encoding: 'utf8' });
      assert.equal(mandoc.stdout + mandoc.stderr, '');
    });
  }

  for (const { name: program, commands } of PROGRAMS) {
    for (const { name: command, options } of commands) {
      const words = command === 'run' || command === program ? [program] : [program, command];
      it(`man ${words.join(' ')} has each option, with its whole help`, () => {
        const { stdout, status } = man(...words);
        assert.equal(status, 0);
        const plain = stdout.replace(/\s+/g, ' ');
        for (const option of options) {
          const { short, name, help } = option;
          const argument = shownArgument(option);
          const value = argument ? ` ${argument}` : '';
          const names = `${short ? `-${short}${value}, ` : ''}--${name}${value}`;
          assert.ok(plain.includes(` ${names} ${help.replace(/\s+/g, ' ')} `), `${names}\n${stdout}`);
        }
      });
    }
  }
});
