// SPDX-License-Identifier: Apache-2.0
// The installed package, the one file and its .tar.xz, in the root file systems of other Linuxes. They have Node.js for the first, and
// nothing for the others.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { COMPACT_NODE0, compact, populatedZones } from '../../harness/host.ts';
import { installPackage } from '../../harness/npm-package.ts';
import { enterRoot } from '../../harness/roots/enter.ts';
import { ensureRoot, ROOTS } from '../../harness/roots/roots.ts';
import { Agent, runToEnd } from '../support/agent.ts';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
const ZONES = populatedZones().filter(({ node }) => node === 0).length;
const BUILD = fileURLToPath(new URL('../../packaging/single-file/build.ts', import.meta.url));
const INSTALLED = '/srv/node_modules/.bin/compactstall';
const ONE_FILE = '/srv/compactstall';
const NAME = `compactstall-${version}-linux-x64`;
const ARCHIVE = `/srv/${NAME}/bin/compactstall`;
const FORMS = { [INSTALLED]: 'the npm package', [ONE_FILE]: 'the one file', [ARCHIVE]: 'the .tar.xz' };

describe('in another root', () => {
  const folder = mkdtempSync(join(tmpdir(), 'compactstall-roots-'));
  const changes = mkdtempSync(join(tmpdir(), 'compactstall-changes-'));
  after(() => {
    for (const made of [folder, changes]) rmSync(made, { recursive: true });
  });
  before(() => {
    installPackage(folder);
    execFileSync(process.execPath, [BUILD, folder, 'x64']);
    renameSync(join(folder, NAME), join(folder, 'compactstall'));
    execFileSync('tar', ['-xJf', `${NAME}.tar.xz`], { cwd: folder });
    // Also for nobody, whom the prober becomes.
    chmodSync(folder, 0o755);
  });

  const enter = (root: (typeof ROOTS)[number], program: string) =>
    enterRoot(ensureRoot(root), mkdtempSync(join(changes, root)), folder, { node: program === INSTALLED });
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
    ...(['bullseye', 'trixie'] as const).flatMap((root) => [[root, ONE_FILE] as const, [root, ARCHIVE] as const]),
  ] as const) {
    const under = enter(root, program);

    it(`${root}, ${FORMS[program]}: shows compactions, with the executable that stalled`, async () => {
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

    it(`${root}, ${FORMS[program]}: doctor finds all parts, and a prober that works`, async () => {
      const { stdout, code } = await runToEnd(['doctor', '--json'], { under, program, env });
      assert.equal(code, 0, stdout);
      const { checks } = JSON.parse(stdout) as { checks: { id: string; status: string }[] };
      for (const wanted of ['install', 'prober']) {
        assert.equal(checks.find(({ id }) => id === wanted)?.status, 'ok', stdout);
      }
    });
  }
});
