// SPDX-License-Identifier: Apache-2.0
// An application that installs the packages as they would be published.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { NODES, OLD_NODE } from '../../harness/node-versions.ts';
import { installPackage, npm, pack } from '../../harness/npm-package.ts';

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

const USES = `
import { type BooksReport, type CompactionEvent, compactions, HostError, toSpan } from 'compactstall';
import 'compactstall/register';
import schema from 'compactstall/event.schema.json' with { type: 'json' };

const loop = compactions({ triggers: ['direct'], minDuration: '10ms', signal: AbortSignal.abort() });
for await (const event of loop) console.log(event satisfies CompactionEvent, toSpan(event).resource.attributes);
const books: BooksReport = loop.books();
console.log(books.balances, typeof HostError, schema.oneOf.length);
`;
const TYPES = {
  compilerOptions: {
    module: 'nodenext',
    target: 'es2024',
    strict: true,
    noEmit: true,
    types: ['node'],
    typeRoots: [join(ROOT, 'node_modules/@types')],
  },
};

describe('the package, installed in an application', () => {
  let archive: string;
  before(() => {
    archive = installPackage(folder);
  });

  it('bring their commands, and no other Node.js', () => {
    const commands = readdirSync(bin);
    assert.ok(commands.includes('compactstall') && commands.includes('compactsnoop'));
    assert.ok(!commands.includes('node'), commands.join(' '));
  });

  for (const [name, licence] of [
    ['compactstall', 'LICENSE'],
    ['compactstall', 'bpf/LICENSE'],
    ['compactstall/node_modules/bpf-loader-native', 'LICENSE'],
  ] as const) {
    it(`${name} brings ${licence}`, () => {
      const expected = readFileSync(join(ROOT, licence), 'utf8');
      assert.equal(readFileSync(join(folder, 'node_modules', name, licence), 'utf8'), expected);
    });
  }

  it('have no flaw that publint or attw knows', () => {
    for (const packed of [archive, pack('native/bpf-loader', folder)]) {
      const own = (tool: string) => join(ROOT, 'node_modules/.bin', tool);
      for (const [tool, ...words] of [
        [own('publint'), '--strict', packed],
        [own('attw'), '--profile', 'esm-only', packed],
      ] as const) {
        const { status, stdout, stderr } = run(process.execPath, tool, words);
        assert.equal(status, 0, `${stdout}${stderr}`);
      }
    }
  });

  it('have a library, with its types', () => {
    writeFileSync(join(folder, 'uses.mts'), USES);
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ ...TYPES, files: ['uses.mts'] }));
    const checked = run(process.execPath, join(ROOT, 'node_modules/.bin/tsc'), ['-p', folder]);
    assert.deepEqual(checked, { status: 0, stdout: '', stderr: '' });
    const used = run(process.execPath, process.execPath, [join(folder, 'uses.mts')]);
    assert.deepEqual(used, { status: 0, stdout: 'true function 2\n', stderr: '' });
  });

  it('have everything that the agent loads', () => {
    const { stdout } = run(process.execPath, join(bin, 'compactstall'), ['doctor', '--json']);
    const { checks } = JSON.parse(stdout) as { checks: { id: string; status: string; message: string }[] };
    const install = checks.find(({ id }) => id === 'install');
    assert.equal(install?.status, 'ok', stdout);
  });

  it('is what a global installation needs', () => {
    const prefix = join(folder, 'global');
    npm(folder, 'install', '--silent', '--prefer-offline', '--global', '--prefix', prefix, archive);
    for (const page of readdirSync(join(ROOT, 'dist/share/man/man1')))
      assert.match(readFileSync(join(prefix, 'share/man/man1', page), 'latin1'), /^\.TH /m);
    const printed = run(process.execPath, join(prefix, 'bin/compactstall'), ['--version']);
    assert.deepEqual(printed, { status: 0, stdout: `compactstall ${version}\n`, stderr: '' });
  });

  it('is what npx needs', () => {
    const elsewhere = mkdtempSync(join(tmpdir(), 'compactstall-npx-'));
    try {
      const words = ['exec', '--yes', '--prefer-offline', `--package=${archive}`, '--', 'compactstall', '--version'];
      assert.equal(npm(elsewhere, ...words), `compactstall ${version}\n`);
    } finally {
      rmSync(elsewhere, { recursive: true });
    }
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
