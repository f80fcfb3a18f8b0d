// SPDX-License-Identifier: Apache-2.0
// `npm run example -- --machine`: direct stalls of services in an emulated machine appear in the traces of their requests,
// outside of the machine.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { nothingIsRunning, Run } from '../support/example.ts';
import { assertTrees } from '../support/example-trees.ts';

export function exampleTests(): void {
  // They would inherit the variable of the machines.
  describe('the example in a machine', { concurrency: 1 }, () => {
    it('shows direct stalls inside requests of a Node.js and of a C service', async () => {
      const run = new Run(['--machine', '6.12']);
      assert.equal(await run.ended, 0, run.stderr);
      assert.match(run.stderr, / \d+ compactions, 0 lost$/m);
      assertTrees(run.stdout, 'compaction direct, order 9, DMA(32)?: \\w+', /^ +│? +try_to_compact_pages\+0x/m);
    });

    for (const when of ['in an emulated machine', 'compactstall is attached']) {
      it(`ends by Ctrl-C after "${when}", and the machine with it`, async () => {
        const run = new Run(['--machine', '6.12']);
        await run.said(when);
        run.signal('SIGINT', 'group');
        assert.equal(await run.ended, 130, run.stderr);
        assert.match(run.stderr, new RegExp(`${when}[^\\n]*\\nexample: ended by SIGINT\\n$`));
        await nothingIsRunning();
      });
    }
  });
}
