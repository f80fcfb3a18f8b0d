// SPDX-License-Identifier: Apache-2.0
// test/kernel/node-context.test.ts with the kernel's part of it: ESM or CommonJS makes no difference to that, but some time.
import { it } from 'node:test';
import { NODES } from '../../../harness/node-versions.ts';
import { assertOwnStalls } from '../../support/interleaved-requests.ts';

for (const { major, path, flags } of NODES) {
  it(`stalls of interleaved requests on Node.js ${major} are children of their own spans`, () =>
    assertOwnStalls(path, flags, 'requests.mjs'));
}
