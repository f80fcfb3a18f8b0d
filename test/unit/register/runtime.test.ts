// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { whyUnknown } from '../../../src/register/runtime.ts';

const runtime = (versions: { [name: string]: string }, name = 'node', platform = 'linux') =>
  whyUnknown({ versions, release: { name }, platform } as unknown as NodeJS.Process);

it('knows Node.js from 22 on', () => {
  for (const node of ['22.15.0', '24.21.0', '26.9.0', '30.0.0']) assert.equal(runtime({ node, v8: '1' }), undefined);
  assert.equal(runtime({ node: '20.20.2', v8: '1' }), 'Node.js 20.20.2 is older than 22');
});

it('knows nothing else', () => {
  assert.equal(runtime({ node: '24.3.0', bun: '1.3.0' }), 'Bun 1.3.0 is not Node.js');
  assert.equal(runtime({ node: '24.2.0', v8: '1', deno: '2.5.0' }), 'Deno 2.5.0 is not Node.js');
  assert.equal(runtime({ node: '24.0.0' }), 'this runtime is not Node.js');
  assert.equal(runtime({ node: '24.0.0', v8: '1' }, 'other'), 'this runtime is not Node.js');
  assert.equal(runtime({ node: '24.0.0', v8: '1' }, 'node', 'darwin'), 'darwin is not Linux');
});
