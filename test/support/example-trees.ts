// SPDX-License-Identifier: Apache-2.0
/** The output of `npm run example`: the trace of a request of each service, as a tree. */
import assert from 'node:assert/strict';

/** The lines of the stall and its stack, below the span that stalls. @param stall a pattern for the text about the span */
export function assertTrees(stdout: string, stall: string, frame: RegExp): void {
  const trees = stdout.split('\n\n').filter((text) => text.includes('START'));
  assert.equal(trees.length, 2, stdout);
  for (const [tree, service, stalling] of [
    [trees[0]!, 'reports', 'render'],
    [trees[1]!, 'thumbnails', 'scale'],
  ] as const) {
    const [, parent, stalls] = tree.split(new RegExp(`^.*  ${service}  └─ (${stalling})$`, 'm'));
    assert.equal(parent, stalling, tree);
    assert.match(stalls!, new RegExp(`^.* (ms|us|s)  ${service}     [├└]─ ${stall}$`, 'm'));
    assert.match(stalls!, frame);
  }
}
