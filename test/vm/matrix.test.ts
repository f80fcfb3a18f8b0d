// SPDX-License-Identifier: Apache-2.0
// The live tests on the kernels of the table, each in its machine, according to plan.ts. As many machines run at once as this
// host has room for. A test inside is a subtest here, so that it counts.
import assert from 'node:assert/strict';
import { availableParallelism, freemem } from 'node:os';
import { describe, type TestContext, test } from 'node:test';
import { KERNELS } from '../../harness/machine/kernels.ts';
import { demoTests } from './demo.ts';
import { exampleTests } from './example.ts';
import { runInMachine } from './inside.ts';
import { describePlan, LOCKED_DOWN, type Part, partsOf } from './plan.ts';

/** The memory of a machine, with the emulator's translated code. */
const MACHINE_BYTES = 2.5 * 2 ** 30;
/** With one for each CPU, all are busy while some machine waits; the longest takes the same time with more of them. */
const AT_ONCE = Math.max(1, Math.min(4, availableParallelism(), Math.floor(freemem() / MACHINE_BYTES)));

async function inside(t: TestContext, kernel: string, files: readonly Part[], append = ''): Promise<void> {
  const { status, silent, ms, accelerator } = await runInMachine({
    ...{ kernel, files, append },
    say: (message) => t.diagnostic(message),
    onResult: ({ file, name, outcome, error, ms }) =>
      t.test(`${file}: ${name.join(' > ')} (${(ms / 1000).toFixed(1)} s inside)`, (subtest) => {
        if (outcome === 'skipped') subtest.skip();
        else assert.equal(outcome, 'passed', error);
      }),
  });
  assert.deepEqual(silent, [], 'files that reported nothing');
  assert.equal(status, 0, 'exit status of the tests inside');
  t.diagnostic(`${Math.round(ms / 1000)} s, ${accelerator === 'kvm' ? 'with hardware virtualisation' : 'in software'}`);
}

test('the plan', (t) => {
  for (const line of describePlan().split('\n')) t.diagnostic(line);
});

/** Longest first, so that no machine is left alone at the end. */
const LONGEST_FIRST = KERNELS.map(({ name }) => name).sort((a, b) => partsOf(b).length - partsOf(a).length);

describe(`machines, ${AT_ONCE} at once`, { concurrency: AT_ONCE }, () => {
  for (const kernel of LONGEST_FIRST) {
    test(`Linux ${kernel}`, (t) => inside(t, kernel, partsOf(kernel)));
  }
  exampleTests();
  for (const kernel of Object.keys(LOCKED_DOWN.on)) {
    const append = 'lockdown=confidentiality';
    test(`Linux ${kernel} with ${append}`, (t) => inside(t, kernel, [{ file: LOCKED_DOWN.file }], append));
  }
  demoTests();
});
