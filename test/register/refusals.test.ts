// SPDX-License-Identifier: Apache-2.0
// Cases in which it cannot publish: one line on standard error, and an undisturbed application.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { it } from 'node:test';
import { NODES, OLD_NODE } from '../../harness/node-versions.ts';
import { type Run, runApplication } from './application.ts';
import { copyOfRegister } from './copy.ts';

const REGISTER = ['--import', 'compactstall/register'];
const NODE_22 = NODES.find(({ major }) => major === 22)!.path;
const env = { FIRST: './sdk.cjs' };

/** 45 checks in the main thread, 44 in the worker. */
function assertWarned({ checks, code, stderr }: Run, warning: RegExp): void {
  assert.match(stderr, warning);
  assert.equal(stderr.split('\n').length, 2);
  assert.equal(code, 0);
  assert.equal(checks.length, 89);
  assert.ok(checks.every(({ read }) => read === undefined));
}
const published = ({ checks }: Run) => checks.at(-1)!.processContexts.length;

it('Node.js 20', async () => {
  const run = await runApplication(OLD_NODE, [...REGISTER, 'app.bare.cjs']);
  assert.match(
    run.stderr,
    /^compactstall\/register: Node\.js 20\.\S+ is older than 22; this process publishes no contexts\.\n$/,
  );
  assert.equal(run.code, 0);
  assert.deepEqual(
    run.checks.map(({ processContexts }) => processContexts),
    [[]],
  );
});

it('a runtime that only resembles Node.js', async () => {
  const run = await runApplication(process.execPath, ['-r', './like-bun.cjs', ...REGISTER, 'app.cjs'], env);
  assertWarned(run, /^compactstall\/register: Bun 1\.3\.0 is not Node\.js; this process publishes no contexts\.\n$/);
  assert.equal(published(run), 0);
});

it('Node.js 22 without its flag still publishes its service', async () => {
  const run = await runApplication(NODE_22, [...REGISTER, 'app.cjs'], env);
  assertWarned(
    run,
    /^compactstall\/register: stalls will not be children .*: Node.js 22 needs node --experimental-async-context-frame\. /,
  );
  assert.equal(published(run), 1);
  assert.deepEqual(run.checks.at(-1)!.processContexts[0]!.attributes, {});
});

it('newer versions do not start with the flag of Node.js 22', () => {
  const flag = '--experimental-async-context-frame';
  for (const { path } of NODES.filter(({ major }) => major > 22)) {
    for (const [args, env] of [
      [[flag], {}],
      [[], { NODE_OPTIONS: flag }],
    ] as const) {
      assert.equal(spawnSync(path, [...args, '-e', '0'], { env }).status, 9, path);
    }
  }
});

it('a Node.js with its flag turned off', async () => {
  const NODE_OPTIONS = '--no-async-context-frame';
  const run = await runApplication(process.execPath, [...REGISTER, 'app.cjs'], { ...env, NODE_OPTIONS });
  assertWarned(run, /something turned it off/);
});

it('without its native parts', async () => {
  const copy = copyOfRegister({ native: false });
  const run = await runApplication(process.execPath, ['--import', copy, 'app.cjs'], env);
  assertWarned(run, /an optional package is missing \(install it: npm install @datadog\/pprof@/);
  assert.equal(published(run), 0);
});

it('an application without OpenTelemetry', async () => {
  const run = await runApplication(process.execPath, [...REGISTER, 'app.bare.cjs']);
  assert.equal(run.stderr, '');
  assert.equal(run.code, 0);
  assert.equal(published(run), 1);
});
