// SPDX-License-Identifier: Apache-2.0
// What docs/register.md says of NODE_OPTIONS, in processes that run in a folder without the package.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, it } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { ANCIENT_NODE, NODES, OLD_NODE } from '../../harness/node-versions.ts';
import { APPS, runApplication } from './application.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const FILE = join(ROOT, 'dist/register/index.js');
const PUBLISHES = "console.log(/OTEL_CTX/.test(require('node:fs').readFileSync('/proc/self/maps', 'latin1')))";

const scratch = mkdtempSync(join(tmpdir(), 'compactstall-options-'));
after(() => rmSync(scratch, { recursive: true }));
const elsewhere = join(scratch, 'elsewhere');
mkdirSync(elsewhere);
const blank = join(scratch, 'a blank');
symlinkSync(ROOT, blank);
writeFileSync(join(elsewhere, 'some.test.cjs'), `require('node:test')('publishes', () => { ${PUBLISHES} })`);

const FORMS = [
  `--import ${FILE}`,
  `--import=${FILE}`,
  `--import ${pathToFileURL(FILE)}`,
  `--import "${blank}/dist/register/index.js"`,
  `--require ${FILE}`,
];

function run(node: string, options: string, program: string, args: string[]) {
  const env = { PATH: `${dirname(node)}:${process.env.PATH}`, HOME: process.env.HOME, NODE_OPTIONS: options };
  const { status, stdout, stderr } = spawnSync(program, args, { cwd: elsewhere, env, encoding: 'utf8' });
  return { status, stdout, stderr };
}

for (const { major, path, flags } of NODES) {
  const withFlags = (options: string) => [...flags, options].join(' ');

  describe(`NODE_OPTIONS on Node.js ${major}`, () => {
    for (const form of FORMS) {
      it(form.replace(ROOT, '/path/').replace(scratch, '/path'), () => {
        const published = run(path, withFlags(form), path, ['-e', PUBLISHES]);
        assert.deepEqual(published, { status: 0, stdout: 'true\n', stderr: '' });
      });
    }

    for (const [order, imports] of [
      ['before', [FILE, `${APPS}sdk.mjs`]],
      ['after', [`${APPS}sdk.mjs`, FILE]],
    ] as const) {
      it(`${order} another --import, and in workers`, async () => {
        const NODE_OPTIONS = withFlags(imports.map((file) => `--import ${file}`).join(' '));
        const { checks, code, stderr } = await runApplication(path, ['app.cjs'], { NODE_OPTIONS });
        assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
        assert.equal(checks.filter(({ name }) => name === 'active span').length, 2);
        for (const { name, active, read } of checks)
          assert.deepEqual(read, name === 'invalid span' ? undefined : active, name);
      });
    }

    it('reaches the processes of node --test', () => {
      const { status, stdout } = run(path, withFlags(FORMS[0]!), path, ['--test', '--test-reporter=tap']);
      assert.equal(status, 0, stdout);
      assert.match(stdout, /^# true$/m);
    });

    it('reaches npm, which works', () => {
      const { status, stdout, stderr } = run(path, withFlags(FORMS[0]!), 'npm', ['exec', '--offline', '-c', 'node -v']);
      assert.equal(status, 0, stderr);
      assert.match(stdout, new RegExp(`^v${major}\\.`));
    });

    it('by the name of the package: a process elsewhere does not start', () => {
      const { status, stderr } = run(path, withFlags('--import compactstall/register'), path, ['-e', '0']);
      assert.equal(status, 1);
      assert.match(stderr, /Cannot find package 'compactstall'/);
    });
  });
}

describe('NODE_OPTIONS inherited by an older Node.js', () => {
  for (const form of FORMS) {
    it(`20: ${form.replace(ROOT, '/path/').replace(scratch, '/path')} prints a line, and the process runs`, () => {
      const { status, stdout, stderr } = run(OLD_NODE, form, OLD_NODE, ['-e', PUBLISHES]);
      assert.deepEqual({ status, stdout }, { status: 0, stdout: 'false\n' });
      assert.match(stderr, /^compactstall\/register: Node\.js 20\.\S+ is older than 22; [^\n]*\n$/);
    });
  }

  it('16: it does not know --import, and does not start', () => {
    const { status, stderr } = run(ANCIENT_NODE, FORMS[0]!, ANCIENT_NODE, ['-e', '0']);
    assert.equal(status, 9);
    assert.match(stderr, /--import is not allowed in NODE_OPTIONS/);
  });
});
