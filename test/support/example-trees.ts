// SPDX-License-Identifier: Apache-2.0
/** What `npm run example` prints: the trace of a request of each service, as a tree. */
import assert from 'node:assert/strict';

/** The stall's line, and the stack's, below the span that stalls. @param stall what the span is about, as a pattern */
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
