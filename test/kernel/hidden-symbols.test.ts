// SPDX-License-Identifier: Apache-2.0
// kptr_restrict=2 hides the kernel's symbols from root, too. Stacks then are addresses, which is reported once, and begin with
// the compaction as they do with symbols. The setting is restored when the test process ends, however it ends.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, describe, it } from 'node:test';
import { COMPACT_NODE0, compact, populatedZones, putBackAtEnd } from '../../harness/host.ts';
import { KernelSymbols } from '../../src/kernel/symbols.ts';
import { PLAN_NAMES } from '../../src/live/attach-plan.ts';
import { Agent, parseLines } from '../support/agent.ts';

const KPTR_RESTRICT = '/proc/sys/kernel/kptr_restrict';
const had = readFileSync(KPTR_RESTRICT, 'utf8');
/** Opened before they are hidden. */
const symbols = new KernelSymbols();
const putBack = putBackAtEnd(KPTR_RESTRICT);
after(async () => {
  await putBack();
  assert.equal(readFileSync(KPTR_RESTRICT, 'utf8'), had);
});

/** The stacks of compactions that this process asks for, taken with a plan; undefined where this host does not have the plan. */
async function stacksOf(plan: string) {
  const agent = new Agent(['--output', 'json', '--attach', plan, '--pid', `${process.pid}`]);
  const ended = await Promise.race([agent.finished, agent.attached().then(() => undefined)]);
  if (ended?.code === 3) return undefined;
  compact(COMPACT_NODE0, 3);
  const { code, stdout, stderr } = await agent.stop();
  assert.equal(code, 0, stderr);
  const stacks = parseLines(stdout).map(({ stack }) => stack);
  assert.equal(stacks.length, 3 * populatedZones().filter(({ node }) => node === 0).length);
  return { stacks, stderr };
}

describe('kptr_restrict=2', () => {
  let fitting = 0;
  for (const plan of PLAN_NAMES) {
    it(`${plan}: the same stacks, as addresses, and one warning`, async () => {
      writeFileSync(KPTR_RESTRICT, had);
      const shown = await stacksOf(plan);
      if (shown === undefined) return;
      fitting += 1;
      const named = shown.stacks;
      writeFileSync(KPTR_RESTRICT, '2');
      const { stacks, stderr } = (await stacksOf(plan))!;
      assert.equal(
        stderr.match(/hides its symbols from this process: .* Set kernel\.kptr_restrict to/g)?.length,
        1,
        stderr,
      );
      // The first stacks are within any budget. An emulated machine may leave out others.
      assert.ok(stacks[0]!.length > 0 && named[0]!.length > 0);
      for (const [i, stack] of stacks.entries()) {
        if (stack.length === 0 || named[i]!.length === 0) continue;
        for (const frame of stack) assert.match(frame, /^0x[0-9a-f]{16}$/);
        const names = stack.map((frame) => symbols.name(BigInt(frame)));
        assert.match(names[0]!, /^_*compact_zone/);
        assert.deepEqual(names, named[i]);
      }
    });
  }

  it('at least one plan was tried', () => assert.ok(fitting > 0));
});
