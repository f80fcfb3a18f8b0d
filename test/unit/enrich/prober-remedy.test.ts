// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { remedyFor } from '../../../src/enrich/prober-remedy.ts';

for (const [reason, isBuilt, remedy] of [
  ['/opt/compactstall-supervisor does not exist', false, /^\.\/setup\.sh builds it\.$/],
  ["Cannot find module '/opt/dist/prober/main.js'", false, /^\.\/setup\.sh builds it\.$/],
  ["Cannot find module '/opt/dist/prober/main.js'", true, /must be able to read and execute it\.$/],
  ['spawn /opt/compactstall-supervisor EACCES', true, /must be able to read/],
  ['/opt/node: Permission denied', true, /must be able to read/],
  ['spawn /opt/compactstall-supervisor EAGAIN', true, /^Raise the limit of processes/],
  ['it ended', true, /^compactstall doctor tries it again\.$/],
] as const) {
  it(`${reason}${isBuilt ? ' (it is there)' : ''}`, () => assert.match(remedyFor(reason, isBuilt), remedy));
}
