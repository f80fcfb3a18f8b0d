// SPDX-License-Identifier: Apache-2.0
// The Debian package and its service in Debians that are booted in emulated machines. A test inside is a subtest here, so that it counts.
import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { describe, type TestContext, test } from 'node:test';
import { DEBIANS, type Debian, runDebian } from '../../harness/booted/debian.ts';
import { type Entry, PROJECT, projectAndLibraries } from '../../harness/machine/contents.ts';
import { buildDebianPackage } from '../../packaging/debian/build.ts';
import type { Result } from '../vm/result.ts';
import { PACKAGES } from './guest/package.ts';

/** A limit that only a hang reaches. */
const LIMIT_MS = 1_800_000;

async function inside(
  t: TestContext,
  debian: Debian,
  packages: readonly Entry[],
  files: readonly string[],
): Promise<void> {
  const machine = runDebian(debian, {
    // The project and its Node.js run the tests. What is tested is in the packages.
    entries: [...projectAndLibraries(), ...packages],
    command: `cd ${PROJECT} && NO_COLOR=1 exec node test/vm/guest/run-tests.ts ${files.join(' ')}`,
    limitMs: LIMIT_MS,
    say: (message) => t.diagnostic(message),
  });
  const silent = new Set(files);
  for (;;) {
    const { done, value } = await machine.next();
    if (done) {
      assert.equal(value, 0, 'exit status of the tests inside');
      break;
    }
    const { file, name, outcome, error, ms } = JSON.parse(value) as Result;
    silent.delete(file);
    await t.test(`${file}: ${name.join(' > ')} (${(ms / 1000).toFixed(1)} s inside)`, () =>
      assert.equal(outcome, 'passed', error),
    );
  }
  assert.deepEqual([...silent], [], 'files that reported nothing');
}

describe('a booted Debian', { concurrency: Math.min(2, availableParallelism()) }, () => {
  const packages = PACKAGES.map(({ revision, path }) => ({ from: buildDebianPackage('amd64', revision), to: path }));
  for (const debian of DEBIANS) {
    // What breaks the unit is shown once, on the older systemd.
    const files = ['installed', 'unit', ...(debian.release === 12 ? ['lines'] : []), 'removed'];
    test(`${debian.release}`, (t) =>
      inside(
        t,
        debian,
        packages,
        files.map((name) => `test/booted/guest/${name}.test.ts`),
      ));
  }
});
