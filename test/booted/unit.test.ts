// SPDX-License-Identifier: Apache-2.0
// The systemd unit in Debians that are booted in emulated machines. A test inside is a subtest here, so that it counts.
import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { describe, type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { DEBIANS, type Debian, runDebian } from '../../harness/booted/debian.ts';
import { type Entry, PROJECT, projectAndLibraries } from '../../harness/machine/contents.ts';
import type { Result } from '../vm/result.ts';

const UNIT = fileURLToPath(new URL('../../packaging/systemd/compactstall.service', import.meta.url));
/** A limit that only a hang reaches. */
const LIMIT_MS = 1_800_000;

const ENTRIES: readonly Entry[] = [
  { from: UNIT, to: '/lib/systemd/system/compactstall.service' },
  { linkTo: `${PROJECT}/dist/bin/compactstall`, to: '/usr/bin/compactstall' },
];

async function inside(t: TestContext, debian: Debian, files: readonly string[]): Promise<void> {
  const machine = runDebian(debian, {
    entries: [...projectAndLibraries(), ...ENTRIES],
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
  for (const debian of DEBIANS) {
    // What breaks the unit is shown once, on the older systemd.
    const files = ['unit', ...(debian.release === 12 ? ['lines'] : [])];
    test(`${debian.release}`, (t) =>
      inside(
        t,
        debian,
        files.map((name) => `test/booted/guest/${name}.test.ts`),
      ));
  }
});
