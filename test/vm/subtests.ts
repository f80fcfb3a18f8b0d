// SPDX-License-Identifier: Apache-2.0
/** The tests that run in a machine, as subtests of one that runs here. */
import assert from 'node:assert/strict';
import { availableParallelism, freemem } from 'node:os';
import type { TestContext } from 'node:test';
import { runInMachine } from './inside.ts';
import type { Part } from './plan.ts';

/** The memory of a machine, with the emulator's translated code. */
const MACHINE_BYTES = 2.5 * 2 ** 30;
/** With one for each CPU, all are busy while some machine waits; the longest takes the same time with more of them. */
export const AT_ONCE = Math.max(1, Math.min(4, availableParallelism(), Math.floor(freemem() / MACHINE_BYTES)));

export async function inside(t: TestContext, kernel: string, files: readonly Part[], append = ''): Promise<void> {
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
