// SPDX-License-Identifier: Apache-2.0
// Each attach plan that this kernel accepts, alone and with filters; the others are refused with a reason.
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { populatedZones } from '../../../harness/host.ts';
import { PLAN_NAMES, type PlanName } from '../../../src/live/attach-plan.ts';
import { Agent, parseLines, runToEnd } from '../../support/agent.ts';
import { compactNode } from './manual.ts';
import { NODES, PLANS, setUp } from './settings.ts';

/** Why a kernel does not offer a plan. fentry: arm64 before 6.4, where the BTF of the first ones has no functions. */
const REFUSED: Partial<Record<PlanName, RegExp>> = {
  tp_btf: /tracepoints do not pass compact_control/,
  fentry: /its BTF has no compact_zone|fentry\/compact_zone\): Operation not supported/,
};

before(() => setUp());

describe('ways to attach', () => {
  it('the machine has two nodes, to distinguish', () => assert.deepEqual(NODES, [0, 1]));

  for (const [i, plan] of PLANS.entries()) {
    it(`${plan}${i === 0 ? ', which is taken by itself' : ''}: each node's compactions, exactly`, async () => {
      const args = ['--output', 'json', '--verify', '--pid', String(process.pid)];
      const agent = await new Agent([...args, ...(i === 0 ? [] : ['--attach', plan])]).attached();
      for (const node of NODES) compactNode(node);
      const { code, stdout, stderr } = await agent.stop();
      assert.equal(code, 0, stderr);
      assert.match(stderr, new RegExp(`attached \\(${plan}\\)`));
      assert.equal(stderr.match(/verify .*: equal; .*: equal$/gm)?.length, 2, stderr);
      assert.deepEqual(
        parseLines(stdout).map(({ node, zone, trigger }) => `${trigger} ${node}/${zone}`),
        NODES.flatMap((number) => populatedZones().filter(({ node }) => node === number)).map(
          ({ node, name }) => `manual ${node}/${name}`,
        ),
      );
    });

    it(`${plan}: filtered compactions are counted`, async () => {
      const args = ['--output', 'json', '--attach', plan];
      const agent = await new Agent([...args, '--trigger', 'direct', '--pid', String(process.pid)]).attached();
      for (const node of NODES) compactNode(node);
      const { code, stdout, stderr } = await agent.stop();
      assert.equal(code, 0, stderr);
      assert.equal(stdout, '');
      assert.match(stderr, new RegExp(`${populatedZones().length} filtered\\{trigger\\}`));
    });
  }

  for (const plan of PLAN_NAMES.filter((name) => !PLANS.includes(name))) {
    it(`${plan} is refused, with the reason`, async () => {
      const { code, stderr } = await runToEnd(['-d', '0.1', '--attach', plan]);
      assert.equal(code, 3, stderr);
      assert.match(stderr, new RegExp(`^compactstall: [^\\n]*${plan}[^\\n]*\\n$`));
      assert.match(stderr, REFUSED[plan]!);
    });
  }
});
