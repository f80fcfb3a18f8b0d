// SPDX-License-Identifier: Apache-2.0
// setup.sh with missing commands: its PATH is a folder with links to all other commands.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from '../unit/fixtures.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

function setUp(what: string, path = process.env.PATH) {
  const env = { ...process.env, PATH: path };
  return spawnSync('/bin/sh', ['setup.sh', ...what.split(' ')], { cwd: ROOT, env, encoding: 'utf8', timeout: 60_000 });
}

/** All commands of this PATH except some. `id` reports an ordinary user. */
function pathWithout(t: TestContext, ...hidden: string[]): string {
  const folder = temporaryFolder(t)('bin');
  mkdirSync(folder);
  writeFileSync(join(folder, 'id'), '#!/bin/sh\necho 1000\n', { mode: 0o755 });
  for (const from of process.env.PATH!.split(delimiter).filter(existsSync)) {
    for (const name of readdirSync(from)) {
      const to = join(folder, name);
      if (!hidden.includes(name) && !existsSync(to)) symlinkSync(join(from, name), to);
    }
  }
  return folder;
}

describe('setup.sh', () => {
  it('does nothing, silently, when nothing is missing', () => {
    for (const what of ['unit', 'run']) {
      const { status, stdout, stderr } = setUp(what);
      assert.deepEqual([status, stdout, stderr], [0, '', '']);
    }
  });

  it('without root: names everything missing and the command that installs it', (t) => {
    const { status, stderr } = setUp('test', pathWithout(t, 'clang', 'musl-gcc'));
    assert.equal(status, 3);
    assert.equal(
      stderr,
      'setup: missing: clang musl-tools. Install them with: sudo apt-get install --no-install-recommends clang musl-tools\n',
    );
  });

  it('asks only for the needs of a command', (t) => {
    const path = pathWithout(t, 'clang', 'musl-gcc', 'qemu-system-x86_64');
    // Go may be found or not: setup.sh also looks in the folder of Go's own archive.
    const missing = (what: string) =>
      /missing:([^.]*)\./.exec(setUp(what, path).stderr)?.[1]?.replace(' golang-go', '').trim() ?? '';
    assert.equal(missing('unit'), '');
    assert.equal(missing('run'), 'clang');
    assert.equal(missing('test'), 'clang musl-tools');
    assert.equal(missing('example'), 'clang');
    assert.equal(missing('demo'), 'clang qemu-system-x86');
    assert.match(missing('all'), /^clang musl-tools( qemu-system-x86)?$/);
  });

  it('without a compiler: what attaches nothing needs none, and doctor goes on', (t) => {
    const path = pathWithout(t, 'clang', 'g++', 'make');
    for (const what of [
      'start replay events.jsonl',
      'start summary events.jsonl',
      'start config --json',
      'start status --status-socket status',
      'start spool ls spool',
      'start --help',
      'start run --help',
      'start --version',
    ]) {
      const { status, stderr } = setUp(what, path);
      assert.deepEqual([status, stderr], [0, ''], what);
    }
    const doctor = setUp('start doctor --json', path);
    assert.equal(doctor.status, 0);
    assert.match(
      doctor.stderr,
      /^setup: missing: make g\+\+ clang\. Without them the kernel's part cannot be built; going on\.\n$/,
    );
    for (const what of ['start', 'start -o json', 'start run -d 5']) {
      const { status, stderr } = setUp(what, path);
      assert.equal(status, 3, what);
      assert.match(stderr, /^setup: missing: make g\+\+ clang\. Install them with: /);
    }
  });

  it('npm start passes words on as they are', () => {
    const words = ['start', '--silent', '--', '--pid', 'a "b" $c'];
    const { status, stderr } = spawnSync('npm', words, { cwd: ROOT, encoding: 'utf8', timeout: 60_000 });
    assert.equal(status, 2, stderr);
    assert.match(stderr, /--pid a "b" \$c: not a process id/);
  });

  it('without apt: reports that', (t) => {
    const { status, stderr } = setUp('run', pathWithout(t, 'clang', 'apt-get'));
    assert.equal(status, 3);
    assert.match(stderr, /^setup: missing: clang\. This is no Debian or Ubuntu: .*\n$/);
  });

  it('with an unknown word: names the known ones', () => {
    const { status, stderr } = setUp('everything');
    assert.equal(status, 1);
    assert.match(stderr, /^setup: there is no 'everything' to set up; there are unit, run, .*\n$/);
  });
});
