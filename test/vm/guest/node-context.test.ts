// SPDX-License-Identifier: Apache-2.0
// The kernel's part of test/kernel/node-context.test.ts. Module systems and the rest of the SDK do not matter to it.
import { it } from 'node:test';
import { NODES } from '../../../harness/node-versions.ts';
import { assertOwnStalls } from '../../support/interleaved-requests.ts';

for (const { major, path, flags } of NODES) {
  it(`stalls of interleaved requests on Node.js ${major} are children of their own spans`, () =>
    assertOwnStalls(path, flags, 'requests-small.mjs'));
}
