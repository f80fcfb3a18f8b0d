// SPDX-License-Identifier: Apache-2.0
// Which ways to attach this kernel takes, and that the others are refused in words.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PLAN_NAMES } from '../../../src/kernel/plan.ts';
import { runToEnd } from '../../support/agent.ts';
import { PLANS } from './settings.ts';

describe('ways to attach', () => {
  it('the first one that fits is taken', async () => {
    const { code, stderr } = await runToEnd(['-d', '0.1']);
    assert.equal(code, 0, stderr);
    assert.match(stderr, new RegExp(`attached \\(${PLANS[0]}\\)`));
  });

  for (const plan of PLAN_NAMES.filter((name) => !PLANS.includes(name))) {
    it(`${plan} is refused, with the reason`, async () => {
      const { code, stderr } = await runToEnd(['-d', '0.1', '--attach', plan]);
      assert.equal(code, 3, stderr);
      assert.match(stderr, new RegExp(`^compactstall: [^\\n]*${plan}[^\\n]*\\.\\n$`));
      assert.match(stderr, /tracepoints do not pass compact_control/);
    });
  }
});
