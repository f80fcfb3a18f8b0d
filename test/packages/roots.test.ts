// SPDX-License-Identifier: Apache-2.0
// The installed packages in the root file systems of other Linuxes, which have nothing but Node.js.
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { COMPACT_NODE0, compact, populatedZones } from '../../harness/host.ts';
import { ensureRoot, ROOTS } from '../../harness/roots/roots.ts';
import { Agent, runToEnd } from '../support/agent.ts';
import { installPackage } from './install.ts';

const ZONES = populatedZones().filter(({ node }) => node === 0).length;
const INSTALLED = '/srv/node_modules/.bin/';

/** Enters that root, in which $2 is mounted at /srv; the mounts are this process's own. */
const ENTER = `
set -e
for folder in proc sys dev; do mount --rbind "/$folder" "$1/$folder"; done
mount --bind "$2" "$1/srv"
root=$1
shift 2
exec chroot "$root" "$@"
`;

describe('the packages', () => {
  const folder = mkdtempSync(join(tmpdir(), 'compactstall-roots-'));
  after(() => rmSync(folder, { recursive: true }));
  before(() => {
    installPackage(folder);
    // Also for nobody, whom the prober becomes.
    chmodSync(folder, 0o755);
  });

  for (const root of ROOTS) {
    const under = ['unshare', '--mount', 'sh', '-c', ENTER, 'enter', ensureRoot(root), folder];
    const program = `${INSTALLED}compactstall`;

    it(`${root}: show compactions, with the executable that stalled`, async () => {
      const agent = await new Agent(['--output', 'json'], { under, program }).attached();
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

    it(`${root}: doctor finds all parts, and a prober that works`, async () => {
      const { stdout, code } = await runToEnd(['doctor', '--json'], { under, program });
      assert.equal(code, 0, stdout);
      const { checks } = JSON.parse(stdout) as { checks: { id: string; status: string }[] };
      for (const wanted of ['install', 'prober']) {
        assert.equal(checks.find(({ id }) => id === wanted)?.status, 'ok', stdout);
      }
    });
  }
});
