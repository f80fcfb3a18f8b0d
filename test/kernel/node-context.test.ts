// SPDX-License-Identifier: Apache-2.0
// Node.js services that handle requests at the same time, in several threads. The requests stall wherever Node.js resumes
// them: each stall is a child of its own span.
import { describe, it } from 'node:test';
import { NODES } from '../../harness/node-versions.ts';
import { assertOwnStalls } from '../support/interleaved-requests.ts';

for (const { major, path, flags } of NODES) {
  describe(`stalls of interleaved requests on Node.js ${major} are children of their own spans`, () => {
    it('ESM', () => assertOwnStalls(path, flags, 'requests.mjs'));
    it('CommonJS', () => assertOwnStalls(path, flags, 'requests.cjs'));
  });
}
