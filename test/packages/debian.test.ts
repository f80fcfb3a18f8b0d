// SPDX-License-Identifier: Apache-2.0
// The Debian package: what lintian says, and its life on Debian 12 and 13, without their Node.js.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, describe, it } from 'node:test';
import { COMPACT_NODE0, compact, populatedZones } from '../../harness/host.ts';
import { enterRoot } from '../../harness/roots/enter.ts';
import { ensureRoot } from '../../harness/roots/roots.ts';
import { buildDebianPackage } from '../../packaging/debian/build.ts';
import { shellFiles } from '../../packaging/shell-files.ts';
import { VERSION } from '../../src/version.ts';
import { Agent, runToEnd } from '../support/agent.ts';
import { changes, fileList } from '../support/file-list.ts';
import { lostLinks } from '../support/lost-links.ts';

const ZONES = populatedZones().filter(({ node }) => node === 0).length;

const sha256 = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex');

describe('the Debian package', () => {
  const folder = mkdtempSync(join(tmpdir(), 'compactstall-debian-'));
  after(() => rmSync(folder, { recursive: true }));
  const packages = join(folder, 'packages');
  mkdirSync(packages);
  const build = (...args: Parameters<typeof buildDebianPackage>) => {
    const built = buildDebianPackage(...args);
    const copy = join(packages, basename(built));
    copyFileSync(built, copy);
    return copy;
  };
  const deb = build('amd64');
  const upgrade = build('amd64', '2');

  it('lintian: nothing but what an override explains', () => {
    const { stdout, stderr } = spawnSync('lintian', ['--allow-root', '--tag-display-limit', '0', deb], {
      encoding: 'utf8',
    });
    assert.equal(stdout + stderr, '');
  });

  it('is the same when it is built again', () => {
    const first = sha256(deb);
    assert.equal(sha256(build('amd64')), first);
  });

  it('has what its documents link to', () => {
    const unpacked = join(folder, 'unpacked');
    execFileSync('dpkg-deb', ['--extract', deb, unpacked]);
    const documents = join(unpacked, 'usr/share/doc/compactstall');
    const files = globSync('**', { cwd: documents });
    assert.ok(files.includes('README.md'));
    assert.deepEqual(lostLinks(documents, files), []);
  });

  it('arm64: the same files, and programs of that architecture', () => {
    const arm64 = build('arm64');
    const field = execFileSync('dpkg-deb', ['--field', arm64, 'Architecture'], { encoding: 'utf8' });
    assert.equal(field, 'arm64\n');
    const names = (file: string) =>
      execFileSync('sh', ['-c', 'dpkg-deb --fsys-tarfile "$1" | tar -t', 'names', file], { encoding: 'utf8' }).split(
        '\n',
      );
    const general = (name: string) => name.replace(/linux-(x64|arm64)/, 'linux-ARCH');
    assert.deepEqual(names(arm64).map(general).sort(), names(deb).map(general).sort());
  });

  for (const debian of ['bookworm', 'trixie'] as const) {
    describe(`Debian ${debian}`, () => {
      const state = join(folder, debian);
      mkdirSync(state);
      const under = enterRoot(ensureRoot(debian), state, packages);
      const run = (...command: readonly string[]) => {
        const [program, ...args] = [...under, ...command];
        const { status, stdout, stderr } = spawnSync(program!, args, { encoding: 'utf8' });
        assert.equal(status, 0, `${command.join(' ')}\n${stdout}\n${stderr}`);
        return stdout;
      };
      const inShell = (script: string) => run('sh', '-c', script);
      const list = () => inShell(fileList('/srv')).split('\n');
      const apt = (...args: readonly string[]) => run('apt-get', '--yes', '-o', 'Debug::NoLocking=true', ...args);
      // These roots have no systemd. A package's scripts call systemctl where systemd runs; this one notes what for.
      inShell(`mkdir -p /run/systemd/system && printf '#!/bin/sh\\necho "$*" >>/srv/asked\\n' >/usr/bin/systemctl
        chmod 755 /usr/bin/systemctl`);
      const asked = () => run('sh', '-c', 'cat /srv/asked && rm /srv/asked');
      const before = list();

      it('is installed by apt', () => {
        apt('install', `/srv/${basename(deb)}`);
        assert.match(run('dpkg', '--status', 'compactstall'), /^Status: install ok installed$/m);
      });

      it('has a service, which starts once it is enabled', () => {
        inShell('test -f /lib/systemd/system/compactstall.service');
        assert.equal(inShell('find /etc/systemd -name compactstall.service'), '');
      });

      it('shows compactions, with the executable that stalled', async () => {
        const agent = await new Agent(['--output', 'json'], { under, program: 'compactstall' }).attached();
        compact(COMPACT_NODE0, 1);
        const own = () => agent.events().filter(({ pid }) => pid === process.pid);
        await agent.until(() => own().length >= ZONES);
        const { code, stderr } = await agent.stop();
        assert.equal(code, 0, stderr);
        assert.match(stderr, / 0 lost$/m);
        assert.deepEqual(new Set(own().map(({ executable }) => executable)), new Set([basename(process.execPath)]));
      });

      it('doctor finds all parts, and a prober that works', async () => {
        const { stdout, code } = await runToEnd(['doctor', '--json'], { under, program: 'compactstall' });
        assert.equal(code, 0, stdout);
        const { checks } = JSON.parse(stdout) as { checks: { id: string; status: string }[] };
        for (const wanted of ['install', 'prober']) {
          assert.equal(checks.find(({ id }) => id === wanted)?.status, 'ok', stdout);
        }
      });

      it('compactsnoop, manual pages, completion and licences are there', () => {
        assert.match(run('compactsnoop', '--help'), /^Usage: compactsnoop/);
        for (const path of shellFiles(new Date()).keys()) {
          inShell(`test -f /usr/share/${path} || test -f /usr/share/${path}.gz`);
        }
        const copyright = run('cat', '/usr/share/doc/compactstall/copyright');
        for (const part of ['LICENSE.node', 'libbpf', 'elfutils', 'zlib', 'musl', '@grpc/grpc-js'])
          assert.ok(copyright.includes(part), part);
      });

      it('an upgrade keeps what was configured, and restarts the service if it runs', () => {
        inShell('echo OTEL_SERVICE_NAME=mine >>/etc/default/compactstall');
        apt('install', `/srv/${basename(upgrade)}`);
        assert.ok(run('dpkg', '--status', 'compactstall').includes(`\nVersion: ${VERSION}-2\n`));
        assert.match(run('cat', '/etc/default/compactstall'), /mine/);
        assert.match(asked(), /^.*try-restart compactstall\.service$/m);
      });

      it('is stopped, removed and purged without a trace', () => {
        // As systemd makes it for the service.
        inShell('mkdir -p /var/log/private/compactstall && ln -s private/compactstall /var/log/compactstall');
        apt('remove', 'compactstall');
        assert.match(asked(), /^.*stop compactstall\.service$/m);
        assert.match(run('cat', '/etc/default/compactstall'), /mine/);
        apt('purge', 'compactstall');
        inShell('rmdir /var/log/private');
        assert.deepEqual(changes(before, list()), { left: [], gone: [] });
      });
    });
  }
});
