// SPDX-License-Identifier: Apache-2.0
// The installed package, and the one file, in the root file systems of other Linuxes. They have Node.js for the first, and nothing
// for the second.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { COMPACT_NODE0, compact, populatedZones } from '../../harness/host.ts';
import { ensureRoot, ROOTS } from '../../harness/roots/roots.ts';
import { Agent, runToEnd } from '../support/agent.ts';
import { installPackage } from './install.ts';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
const ZONES = populatedZones().filter(({ node }) => node === 0).length;
const BUILD = fileURLToPath(new URL('../../packaging/single-file/build.ts', import.meta.url));
const INSTALLED = '/srv/node_modules/.bin/compactstall';
const ONE_FILE = '/srv/compactstall';
const form = (program: string) => (program === ONE_FILE ? 'the one file' : 'the npm package');

/** Enters that root, in which $2 is mounted at /srv, and $3 over its Node.js; the mounts are this process's own. */
const ENTER = `
set -e
[ -z "$3" ] || mount --bind "$3" "$1/usr/bin/node"
for folder in proc sys dev; do mount --rbind "/$folder" "$1/$folder"; done
mount --bind "$2" "$1/srv"
root=$1
shift 3
exec chroot "$root" "$@"
`;

describe('in another root', () => {
  const folder = mkdtempSync(join(tmpdir(), 'compactstall-roots-'));
  after(() => rmSync(folder, { recursive: true }));
  before(() => {
    installPackage(folder);
    execFileSync(process.execPath, [BUILD, folder, 'x64']);
    renameSync(join(folder, `compactstall-${version}-linux-x64`), join(folder, 'compactstall'));
    // Also for nobody, whom the prober becomes.
    chmodSync(folder, 0o755);
  });

  const enter = (root: (typeof ROOTS)[number], program: string) => {
    const node = program === ONE_FILE ? '/dev/null' : '';
    return ['unshare', '--mount', 'sh', '-c', ENTER, 'enter', ensureRoot(root), folder, node];
  };
  const env = { COMPACTSTALL_CACHE: '/srv/cache' };

  it('the one file says that its Node.js is not for musl', async () => {
    const { code, stderr } = await runToEnd(['--version'], { under: enter('musl', ONE_FILE), program: ONE_FILE, env });
    assert.equal(code, 1);
    assert.match(
      stderr,
      /^compactstall: its Node\.js does not run in \/srv\/cache\. It needs Linux on x64, glibc 2\.28 or later \(not musl\)/,
    );
    assert.deepEqual(readdirSync(join(folder, 'cache')), []);
  });

  for (const [root, program] of [
    ...ROOTS.map((root) => [root, INSTALLED] as const),
    ['bullseye', ONE_FILE],
    ['trixie', ONE_FILE],
  ] as const) {
    const under = enter(root, program);

    it(`${root}, ${form(program)}: shows compactions, with the executable that stalled`, async () => {
      const agent = await new Agent(['--output', 'json'], { under, program, env }).attached();
      compact(COMPACT_NODE0, 1);
      const own = () => agent.events().filter(({ pid }) => pid === process.pid);
      await agent.until(() => own().length >= ZONES);
      const { code, stderr } = await agent.stop();
      assert.equal(code, 0, stderr);
      assert.match(stderr, / 0 lost$/m);
      assert.equal(own().length, ZONES);
      for (const { executable, stack } of own()) {
        assert.equal(executable, basename(process.execPath));
        assert.match(stack?.[0] ?? '', /compact_zone/);
      }
    });

    it(`${root}, ${form(program)}: doctor finds all parts, and a prober that works`, async () => {
      const { stdout, code } = await runToEnd(['doctor', '--json'], { under, program, env });
      assert.equal(code, 0, stdout);
      const { checks } = JSON.parse(stdout) as { checks: { id: string; status: string }[] };
      for (const wanted of ['install', 'prober']) {
        assert.equal(checks.find(({ id }) => id === wanted)?.status, 'ok', stdout);
      }
    });
  }
});
