// SPDX-License-Identifier: Apache-2.0
// The live tests on the kernels of the table, each in its machine, according to plan.ts. As many machines run at once as this
// host has room for. A test inside is a subtest here, so that it counts.
import { describe, test } from 'node:test';
import { kernelsOf } from '../../harness/machine/kernels.ts';
import { demoTests } from './demo.ts';
import { exampleTests } from './example.ts';
import { describePlan, LOCKED_DOWN, partsOf } from './plan.ts';
import { AT_ONCE, inside } from './subtests.ts';

test('the plan', (t) => {
  for (const line of describePlan().split('\n')) t.diagnostic(line);
});

/** Longest first, so that no machine is left alone at the end. */
const LONGEST_FIRST = kernelsOf('x64')
  .map(({ name }) => name)
  .sort((a, b) => partsOf(b).length - partsOf(a).length);

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
