// SPDX-License-Identifier: Apache-2.0
// Compaction by hand, in each way to attach, alone.
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { assertByHand, compactByHand } from './manual.ts';
import { NODES, PLANS, setUp } from './settings.ts';
import { assertComplete, watch } from './watch.ts';

before(() => setUp());

describe('compaction by hand', () => {
  it('has two nodes', () => assert.deepEqual(NODES, [0, 1]));

  for (const plan of PLANS) {
    it(`${plan}: exact counts, in order, as many pages as the kernel counted`, async () => {
      const [watched] = await watch([plan], compactByHand);
      assertComplete(watched!);
      assertByHand(watched!.events);
      assert.match(watched!.finished.stderr, new RegExp(`attached \\(${plan}\\)`));
    });
  }
});
