// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { remedyFor } from '../../../src/enrich/prober-remedy.ts';

const THERE = fileURLToPath(import.meta.url);

for (const [reason, main, remedy] of [
  ['/opt/compactstall-supervisor does not exist', '/nonexistent', /^\.\/setup\.sh builds it\.$/],
  ["Cannot find module '/opt/dist/prober/main.js'", '/nonexistent', /^\.\/setup\.sh builds it\.$/],
  ["Cannot find module '/opt/dist/prober/main.js'", THERE, /must be able to read and execute it\.$/],
  ['spawn /opt/compactstall-supervisor EACCES', THERE, /must be able to read/],
  ['/opt/node: Permission denied', THERE, /must be able to read/],
  ['spawn /opt/compactstall-supervisor EAGAIN', THERE, /^Raise the limit of processes/],
  ['it ended', THERE, /^compactstall doctor tries it again\.$/],
] as const) {
  it(`${reason}${main === THERE ? ' (it is there)' : ''}`, () => assert.match(remedyFor(reason, main), remedy));
}
