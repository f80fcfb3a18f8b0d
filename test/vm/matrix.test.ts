// SPDX-License-Identifier: Apache-2.0
// The live tests on every kernel of the table, each in a machine of its own, one after the other. A test inside is a
// subtest here, so that it counts.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { KERNELS } from '../../harness/machine/kernels.ts';
import { runInMachine } from './inside.ts';
import { lockdownFiles, testFiles } from './tests.ts';

/** Without the attach plan tp_btf, and with it, on the oldest and the newest. */
const LOCKED_DOWN = ['5.10', '6.1', '7.3'];

async function runInside(t: TestContext, kernel: string, files: readonly string[], append = ''): Promise<void> {
  const { status, silent, ms } = await runInMachine({
    ...{ kernel, files, append },
    say: (message) => t.diagnostic(message),
    onResult: ({ file, name, outcome, error }) =>
      t.test(`${file}: ${name.join(' > ')}`, (subtest) => {
        if (outcome === 'skipped') subtest.skip();
        else assert.equal(outcome, 'passed', error);
      }),
  });
  assert.deepEqual(silent, [], 'files that reported nothing');
  assert.equal(status, 0, 'exit status of the tests inside');
  t.diagnostic(`${Math.round(ms / 1000)} s`);
}

for (const { name } of KERNELS) test(`Linux ${name}`, (t) => runInside(t, name, testFiles(name)));

for (const name of LOCKED_DOWN) {
  const append = 'lockdown=confidentiality';
  test(`Linux ${name} with ${append}`, (t) => runInside(t, name, lockdownFiles(), append));
}
