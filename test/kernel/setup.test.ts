// SPDX-License-Identifier: Apache-2.0
// setup.sh where something is missing. Missing is what is hidden in a mount namespace of the test's own.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

function setUp(hidden: readonly string[], ...prefix: string[]) {
  const hide = hidden.map((path) => `mount --bind /dev/null ${path} && `).join('');
  const script = `${hide} exec ${prefix.join(' ')} ./setup.sh`;
  return spawnSync('unshare', ['--mount', 'sh', '-c', script], { cwd: ROOT, encoding: 'utf8', timeout: 60_000 });
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
    const { status, stderr } = setUp([which('clang')], 'setpriv', '--reuid=65534', '--regid=65534', '--clear-groups');
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
