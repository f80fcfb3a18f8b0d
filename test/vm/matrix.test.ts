// SPDX-License-Identifier: Apache-2.0
// The live tests on every kernel of the table, each in a machine of its own, one after the other. A test inside is a
// subtest here, so that it counts.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { fetchKernel } from '../../harness/machine/fetch.ts';
import { testImage } from '../../harness/machine/image.ts';
import { KERNELS, kernelNamed } from '../../harness/machine/kernels.ts';
import { runMachine } from '../../harness/machine/machine.ts';
import type { Result } from './result.ts';
import { lockdownFiles, testCommand, testFiles } from './tests.ts';

/** Without the attach plan tp_btf, and with it, on the oldest and the newest. */
const LOCKED_DOWN = ['5.10', '6.1', '7.3'];

/** Two nodes, so that every test sees that they are told apart. */
async function runInside(t: TestContext, name: string, files: readonly string[], append = ''): Promise<void> {
  const seen = new Set<string>();
  const started = Date.now();
  let status: number;
  const machine = runMachine({
    name,
    kernel: fetchKernel(kernelNamed(name)),
    image: testImage(),
    numaNodes: 2,
    append,
    command: testCommand(files),
    say: (message) => t.diagnostic(message),
  });
  for (;;) {
    const { done, value } = await machine.next();
    if (done) {
      status = value;
      break;
    }
    const result = JSON.parse(value) as Result;
    seen.add(result.file);
    await t.test(`${result.file}: ${result.name.join(' > ')}`, (subtest) => {
      if (result.outcome === 'skipped') subtest.skip();
      else assert.equal(result.outcome, 'passed', result.error);
    });
  }
  assert.deepEqual(
    files.filter((file) => !seen.has(file)),
    [],
    'files that reported nothing',
  );
  assert.equal(status, 0, 'exit status of the tests inside');
  t.diagnostic(`${Math.round((Date.now() - started) / 1000)} s`);
}

for (const { name } of KERNELS) test(`Linux ${name}`, (t) => runInside(t, name, testFiles(name)));

for (const name of LOCKED_DOWN) {
  const append = 'lockdown=confidentiality';
  test(`Linux ${name} with ${append}`, (t) => runInside(t, name, lockdownFiles(), append));
}
