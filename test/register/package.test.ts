// SPDX-License-Identifier: Apache-2.0
// An application that installs the packages as they would be published.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { NODES, OLD_NODE } from '../../harness/node-versions.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const { version, engines } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
const PUBLISHES = "console.log(/OTEL_CTX/.test(require('node:fs').readFileSync('/proc/self/maps', 'latin1')))";

const folder = mkdtempSync(join(tmpdir(), 'compactstall-package-'));
after(() => rmSync(folder, { recursive: true }));
const bin = join(folder, 'node_modules/.bin');

/** An environment with that Node.js first in PATH. */
function run(node: string, program: string, args: string[]) {
  const env = { PATH: `${dirname(node)}:${process.env.PATH}`, HOME: process.env.HOME };
  const { status, stdout, stderr } = spawnSync(program, args, { cwd: folder, env, encoding: 'utf8', timeout: 60_000 });
  return { status, stdout, stderr };
}

describe('the packages, installed in an application', () => {
  before(() => {
    const npm = (cwd: string, ...args: string[]) =>
      execFileSync('npm', args, { cwd, encoding: 'utf8', timeout: 150_000 });
    const pack = (name: string) =>
      join(folder, npm(join(ROOT, name), 'pack', '--silent', '--pack-destination', folder).trim());
    const archives = [pack('.'), pack('native/bpf-loader')];
    writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
    // npm's cache has the packages that npm ci installed for this project.
    npm(folder, 'install', '--silent', '--prefer-offline', '--no-audit', '--no-fund', ...archives);
  });

  it('bring their commands, and no other Node.js', () => {
    const commands = readdirSync(bin);
    assert.ok(commands.includes('compactstall') && commands.includes('compactsnoop'));
    assert.ok(!commands.includes('node'), commands.join(' '));
  });

  for (const [name, licence] of [
    ['compactstall', 'LICENSE'],
    ['compactstall', 'bpf/LICENSE'],
    ['bpf-loader-native', 'LICENSE'],
  ] as const) {
    it(`${name} brings ${licence}`, () => {
      const expected = readFileSync(join(ROOT, licence), 'utf8');
      assert.equal(readFileSync(join(folder, 'node_modules', name, licence), 'utf8'), expected);
    });
  }

  it('have everything that the agent loads', () => {
    const { stdout } = run(process.execPath, join(bin, 'compactstall'), ['doctor', '--json']);
    const { checks } = JSON.parse(stdout) as { checks: { id: string; status: string; message: string }[] };
    const install = checks.find(({ id }) => id === 'install');
    assert.equal(install?.status, 'ok', stdout);
  });

  for (const { major, path, flags } of NODES) {
    it(`compactstall/register publishes on Node.js ${major}, and the commands run`, () => {
      const registered = run(path, path, [...flags, '--import', 'compactstall/register', '-e', PUBLISHES]);
      assert.deepEqual(registered, { status: 0, stdout: 'true\n', stderr: '' });
      const printed = run(path, join(bin, 'compactstall'), ['--version']);
      assert.deepEqual(printed, { status: 0, stdout: `compactstall ${version}\n`, stderr: '' });
    });
  }

  for (const command of ['compactstall', 'compactsnoop']) {
    it(`${command} reports that Node.js is too old`, () => {
      const { status, stdout, stderr } = run(OLD_NODE, join(bin, command), ['--version']);
      const needed = engines.node.replace('>=', '');
      assert.match(
        stderr,
        new RegExp(`^${command}: this is Node\\.js 20\\.[^\\n]*; ${needed} or later is needed[^\\n]*\\n$`),
      );
      assert.deepEqual({ status, stdout }, { status: 3, stdout: '' });
    });
  }
});
