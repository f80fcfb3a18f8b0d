// SPDX-License-Identifier: Apache-2.0
// The plan of the emulated machines lists exactly the existing tests.
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { KERNELS } from '../../../harness/machine/kernels.ts';
import { DIFFERENCES, describePlan, LOCKED_DOWN, PLAN, partsOf } from '../../vm/plan.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const NAMES = KERNELS.map(({ name }) => name);
const ROWS = [...PLAN, LOCKED_DOWN];

describe('the plan of the emulated machines', () => {
  it('has each test of a guest, once', () => {
    const planned = ROWS.map(({ file }) => file);
    assert.equal(new Set(planned).size, planned.length);
    const there = globSync('test/vm/guest/**/*.test.ts', { cwd: ROOT }).sort();
    assert.deepEqual(planned.filter((file) => file.startsWith('test/vm/guest/')).sort(), there);
    for (const file of planned) readFileSync(`${ROOT}/${file}`);
  });

  it('runs each on some kernel of the table, for a reason', () => {
    for (const { file, on, only = {} } of ROWS) {
      assert.ok(Object.keys(on).length > 0, file);
      for (const [name, reason] of Object.entries(on)) assert.ok(NAMES.includes(name) && reason, `${file} on ${name}`);
      assert.deepEqual(
        Object.keys(only).filter((name) => !(name in on)),
        [],
        file,
      );
    }
  });

  it('has something on each kernel, and lists its news', () => {
    assert.deepEqual(Object.keys(DIFFERENCES), NAMES);
    for (const name of NAMES) assert.ok(partsOf(name).length > 0);
  });

  it('prints a line for each pair', () => {
    const pairs = ROWS.flatMap(({ on }) => Object.keys(on));
    assert.equal(describePlan().match(/^ {2}\d/gm)!.length, pairs.length);
  });
});
