// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { environmentResource } from '../../../src/register/environment.ts';

it('is empty when the environment says nothing', () => assert.deepEqual(environmentResource({}), {}));

it('takes attributes with their percent signs decoded', () => {
  const OTEL_RESOURCE_ATTRIBUTES = 'a=1, b = x%2Cy%3D ,c=,service.name=low,d=100%,=nameless,odd';
  assert.deepEqual(environmentResource({ OTEL_RESOURCE_ATTRIBUTES }), {
    a: '1',
    b: 'x,y=',
    c: '',
    d: '100%',
    'service.name': 'low',
  });
});

it('prefers OTEL_SERVICE_NAME', () => {
  const environment = { OTEL_RESOURCE_ATTRIBUTES: 'service.name=low', OTEL_SERVICE_NAME: 'high' };
  assert.deepEqual(environmentResource(environment), { 'service.name': 'high' });
});
