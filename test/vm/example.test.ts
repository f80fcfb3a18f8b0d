// SPDX-License-Identifier: Apache-2.0
// `npm run example -- --machine`: direct stalls of services in an emulated machine, in their requests' traces outside of it.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { assertTrees } from '../support/example-trees.ts';

const EXAMPLE = fileURLToPath(new URL('../../examples/trace/trace.ts', import.meta.url));

test('the example shows direct stalls inside requests of a Node.js and of a C service', async () => {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [EXAMPLE, '--machine', '6.12']);
  assert.match(stderr, / \d+ compactions, 0 lost$/m);
  assertTrees(stdout, 'compaction direct, order 9, DMA(32)?: \\w+', /^ +│? +try_to_compact_pages\+0x/m);
});
