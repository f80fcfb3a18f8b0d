// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { envDetector } from '@opentelemetry/resources';
import { environmentResource, parseResourceAttributes } from '../../../src/otel-environment/resource.ts';
import { withEnvironment } from '../../../src/sinks/otlp/environment.ts';

const parsed = (text: string) => Object.fromEntries(parseResourceAttributes(text));

describe('OTEL_RESOURCE_ATTRIBUTES: well-formed, read as the SDK for JavaScript does', () => {
  for (const text of [
    '',
    'a=b',
    'service.name=shop,deployment.environment.name=gr%C3%B6%C3%9Fe%2C%3D',
    ' a = b , c=d ,',
    'a=',
    'a=b,a=c',
    ',,,',
    `a=${'x'.repeat(255)}`,
    '%61=%62',
  ]) {
    it(JSON.stringify(text.slice(0, 60)), () => {
      const stock = withEnvironment({ OTEL_RESOURCE_ATTRIBUTES: text }, () => envDetector.detect().attributes);
      assert.deepEqual(parsed(text), { ...stock });
    });
  }
});

describe('OTEL_RESOURCE_ATTRIBUTES: malformed, all that any SDK would read', () => {
  for (const [text, expected] of [
    ['a=b=c', { a: 'b=c' }],
    ['service.name=checkout,a=b=c', { 'service.name': 'checkout', a: 'b=c' }],
    ['a=%zz,b=1', { a: '%zz', b: '1' }],
    ['a=%ff', { a: '%ff' }],
    ['d=100%', { d: '100%' }],
    ['a=1,b', { a: '1' }],
    ['a=b,=c', { a: 'b' }],
    ['a=b, =c,d', { a: 'b' }],
    ['=', {}],
    [`a=${'x'.repeat(256)}`, { a: 'x'.repeat(256) }],
  ] as const) {
    it(JSON.stringify(text.slice(0, 60)), () => assert.deepEqual(parsed(text), expected));
  }
  it('the first 128 of thousands, when no more are wanted', () => {
    assert.equal(parseResourceAttributes('a=b,'.repeat(60_000), 128).length, 128);
  });
  it('thousands of equals signs', () => assert.deepEqual(parseResourceAttributes('='.repeat(250_000)), []));
  it('thousands of commas', () => assert.deepEqual(parseResourceAttributes(','.repeat(250_000)), []));
});

describe('the resource of an environment', () => {
  const resource = (environment: NodeJS.ProcessEnv) =>
    Object.fromEntries(environmentResource((name) => environment[name]));

  it('is empty without the variables', () => assert.deepEqual(resource({}), {}));

  it('prefers OTEL_SERVICE_NAME, unless that is blank', () => {
    const OTEL_RESOURCE_ATTRIBUTES = 'service.name=low';
    assert.deepEqual(resource({ OTEL_RESOURCE_ATTRIBUTES, OTEL_SERVICE_NAME: ' high ' }), { 'service.name': 'high' });
    assert.deepEqual(resource({ OTEL_RESOURCE_ATTRIBUTES, OTEL_SERVICE_NAME: ' ' }), { 'service.name': 'low' });
  });
});
