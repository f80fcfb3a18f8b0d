// SPDX-License-Identifier: Apache-2.0
// At every check of an application, a reader outside sees the active span of the application's own API.
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { NODES } from '../../harness/node-versions.ts';
import { type Run, runApplication } from './application.ts';

const REGISTER = 'compactstall/register';
const CHECKS = 44;

const scratch = mkdtempSync(join(tmpdir(), 'compactstall-register-'));
after(() => rmSync(scratch, { recursive: true }));
const copyOfApi = join(scratch, 'api');
cpSync(fileURLToPath(new URL('../../node_modules/@opentelemetry/api', import.meta.url)), copyOfApi, {
  recursive: true,
});

const WAYS: { name: string; args: string[]; env?: NodeJS.ProcessEnv }[] = [
  { name: 'ESM, --import before the SDK', args: ['--import', REGISTER, '--import', './sdk.mjs', 'app.mjs'] },
  { name: 'ESM, --import after the SDK', args: ['--import', './sdk.mjs', '--import', REGISTER, 'app.mjs'] },
  { name: 'ESM, one line, SDK before it', args: ['app.mjs'], env: { FIRST: `./sdk.mjs ${REGISTER}` } },
  { name: 'ESM, one line, SDK after it', args: ['app.mjs'], env: { FIRST: `${REGISTER} ./sdk.mjs` } },
  {
    name: 'ESM, startNodeSdk',
    args: ['--import', REGISTER, 'app.mjs'],
    env: { FIRST: './sdk.mjs', START: 'startNodeSdk' },
  },
  { name: 'CommonJS, --require before the SDK', args: ['-r', REGISTER, '-r', './sdk.cjs', 'app.cjs'] },
  { name: 'CommonJS, --require after the SDK', args: ['-r', './sdk.cjs', '-r', REGISTER, 'app.cjs'] },
  { name: 'CommonJS, --import', args: ['--import', REGISTER, 'app.cjs'], env: { FIRST: './sdk.cjs' } },
  { name: 'CommonJS, one line, SDK before it', args: ['app.cjs'], env: { FIRST: `./sdk.cjs ${REGISTER}` } },
  { name: 'CommonJS, one line, SDK after it', args: ['app.cjs'], env: { FIRST: `${REGISTER} ./sdk.cjs` } },
  {
    name: 'ESM, after registerHooks',
    args: ['--import', './hooks.mjs', '--import', REGISTER, 'app.mjs'],
    env: { FIRST: './sdk.mjs' },
  },
  {
    name: 'CommonJS, before registerHooks',
    args: ['-r', REGISTER, '--import', './hooks.mjs', 'app.cjs'],
    env: { FIRST: './sdk.cjs' },
  },
  { name: 'two copies of the API', args: ['-r', REGISTER, '-r', './sdk.cjs', 'app.cjs'], env: { API: copyOfApi } },
  { name: 'registered twice', args: ['--import', REGISTER, 'app.cjs'], env: { FIRST: `./sdk.cjs ${REGISTER}` } },
];

/** Two runs through the scenarios, in the main thread and in a worker, each with its own ids. */
function assertFollowed({ checks, code, stderr }: Run): void {
  assert.equal(stderr, '');
  assert.equal(code, 0);
  for (const { name, active, read } of checks) {
    // The API shows an invalid span, which cannot have children.
    assert.deepEqual(read, name === 'invalid span' ? undefined : active, name);
  }
  const names = checks.map(({ name }) => name);
  assert.equal(names.filter((name) => name === 'active span').length, 2);
  assert.equal(names.length, 2 * CHECKS + 1);
  const of = (wanted: string) => checks.filter(({ name }) => name === wanted).map(({ read }) => read);
  for (const name of ['no span yet', 'no span any more', 'root context inside a span', 'detached']) {
    assert.deepEqual(of(name), [undefined, undefined], name);
  }
  assert.deepEqual(
    of('unsampled span').map((read) => read?.flags),
    [0, 0],
  );
  assert.deepEqual(
    of('active span').map((read) => read?.flags),
    [1, 1],
  );
  // 13 spans of each thread, a remote one, the one that waits for the worker, and none.
  assert.equal(new Set(checks.map(({ read }) => read?.spanId)).size, 2 * 13 + 3);
}

for (const { major, path, flags } of NODES) {
  describe(`Node.js ${major}`, () => {
    for (const { name, args, env } of WAYS) {
      it(name, async () => {
        const run = await runApplication(path, [...flags, ...args], env);
        assertFollowed(run);
        // The limitation in docs/register.md.
        assert.match(run.seen!.tls, /^static -/);
        assert.equal(run.seen!.recordOffset, major === 22 ? 24 : 32);
      });
    }
  });
}
