// SPDX-License-Identifier: Apache-2.0
// The live tests on arm64 according to ../vm/plan.ts, with what the packages bring for it: on the oldest kernel on which the agent takes
// tp_btf, and on one with pages of 16 KiB. `node test/vm/run.ts` runs them on the other kernels.
import { describe, test } from 'node:test';
import { ARM64_TESTED } from '../../harness/machine/kernels.ts';
import { partsOf } from '../vm/plan.ts';
import { AT_ONCE, inside } from '../vm/subtests.ts';

describe(`arm64 machines, ${AT_ONCE} at once`, { concurrency: AT_ONCE }, () => {
  for (const { name } of ARM64_TESTED) test(`Linux ${name}`, (t) => inside(t, name, partsOf(name)));
});
