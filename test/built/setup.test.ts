// SPDX-License-Identifier: Apache-2.0
// setup.sh where something is missing. Missing is what is hidden in a mount namespace of the test's own.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

function setUp(hidden: readonly string[], path = process.env.PATH) {
  const hide = hidden.map((file) => `mount --bind /dev/null ${file} && `).join('');
  return spawnSync('unshare', ['--mount', 'sh', '-c', `${hide} exec ./setup.sh`], {
    cwd: ROOT,
    env: { ...process.env, PATH: path },
    encoding: 'utf8',
    timeout: 60_000,
  });
}

/** Through every symbolic link: what is mounted over has to be the file itself. */
const which = (command: string) =>
  spawnSync('sh', ['-c', `readlink -f "$(command -v ${command})"`], { encoding: 'utf8' }).stdout.trim();

describe('setup.sh', () => {
  it('does and says nothing when nothing is missing', () => {
    const { status, stdout, stderr } = setUp([]);
    assert.deepEqual([status, stdout, stderr], [0, '', '']);
  });

  it('without root: names what is missing and the command that installs it', () => {
    // Another user may not be able to read this folder, so only `id` says that it is one.
    const folder = mkdtempSync(join(tmpdir(), 'compactstall-'));
    writeFileSync(join(folder, 'id'), '#!/bin/sh\necho 1000\n', { mode: 0o755 });
    const { status, stderr } = setUp([which('clang')], `${folder}:${process.env.PATH}`);
    rmSync(folder, { recursive: true });
    assert.equal(status, 1);
    assert.equal(
      stderr,
      'setup: missing: clang. Install them with: sudo apt-get install --no-install-recommends clang\n',
    );
  });

  it('without apt: says so', () => {
    const { status, stderr } = setUp([which('clang'), which('apt-get')]);
    assert.equal(status, 1);
    assert.match(stderr, /^setup: missing: clang\. This is no Debian or Ubuntu: .*\n$/);
  });
});
