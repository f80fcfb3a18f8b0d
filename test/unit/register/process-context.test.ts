// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { encodeProcessContext, ProcessContext } from '../../../src/register/process-context.ts';
import { decodeProcessContext } from '../../register/process-context.ts';

it('has every kind of attribute', () => {
  const resource = {
    'service.name': 'Größe',
    'process.pid': 4_294_967_296,
    negative: -1,
    ratio: 0.5,
    on: true,
    off: false,
    list: ['a', 'b'],
    empty: [],
    long: 'x'.repeat(40_000),
  };
  const attributes = { 'threadlocal.schema_version': 'nodejs_v1_dev', 'threadlocal.attribute_key_map': ['k'] };
  assert.deepEqual(decodeProcessContext(encodeProcessContext(resource, attributes)), { resource, attributes });
});

it('leaves anything empty that is not an attribute value', () => {
  const resource = { undefined, object: {}, list: [null, 'a'] } as { [name: string]: unknown };
  assert.deepEqual(decodeProcessContext(encodeProcessContext(resource, {})).resource, {
    undefined: null,
    object: null,
    list: [null, 'a'],
  });
});

it('ranks the main thread above a worker, and an SDK above the environment', () => {
  const ranks: number[] = [];
  const context = new ProcessContext({ leaveToAnother: () => false, publish: (_, rank) => ranks.push(rank) > 0 }, {});
  for (const from of ['environment', 'worker', 'main'] as const) context.publish({}, from);
  assert.deepEqual(ranks, [0, 1, 2]);
});
