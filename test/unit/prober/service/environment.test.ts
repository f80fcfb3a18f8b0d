// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { envDetector } from '@opentelemetry/resources';
import { environmentResource, parseAttributes } from '../../../../src/prober/service/environment.ts';
import { withEnvironment } from '../../../../src/sinks/otlp/environment.ts';
import { fakeProc } from './proc.ts';

function read(t: TestContext, environ: string) {
  const proc = fakeProc(t);
  proc.put(7, { environ });
  return Object.fromEntries(environmentResource(`${proc.root}/7`));
}

describe('OTEL_RESOURCE_ATTRIBUTES: read as OpenTelemetry does', () => {
  for (const text of [
    '',
    'a=b',
    'service.name=shop,deployment.environment.name=gr%C3%B6%C3%9Fe%2C%3D',
    ' a = b , c=d ,',
    'a=',
    'a=b,a=c',
    'a=b,nonsense',
    'a=b=c',
    'a=b,=c',
    'a=%zz,b=c',
    'a=%ff',
    ',,,',
    `a=${'x'.repeat(255)}`,
    `a=${'x'.repeat(256)}`,
    `${'k'.repeat(256)}=x`,
    '%61=%62',
  ]) {
    it(JSON.stringify(text.slice(0, 60)), () => {
      const stock = withEnvironment({ OTEL_RESOURCE_ATTRIBUTES: text }, () => envDetector.detect().attributes);
      assert.deepEqual(Object.fromEntries(parseAttributes(text)), { ...stock });
    });
  }

  it('the first 128 of thousands', () => assert.equal(parseAttributes('a=b,'.repeat(60_000)).length, 128));
  it('thousands of equals signs', () => assert.deepEqual(parseAttributes('='.repeat(250_000)), []));
});

describe('the environment of a process', () => {
  it('both variables; the name beats the attributes', (t) => {
    const found = read(t, 'OTEL_SERVICE_NAME=shop\0OTEL_RESOURCE_ATTRIBUTES=service.name=other,a=b\0');
    assert.deepEqual(found, { 'service.name': 'shop', a: 'b' });
  });

  it('the first of that name, as getenv gives it; blank is not set', (t) => {
    const found = read(
      t,
      'XOTEL_SERVICE_NAME=no\0OTEL_SERVICE_NAME_2=no\0OTEL_SERVICE_NAME=one\0OTEL_SERVICE_NAME=two',
    );
    assert.deepEqual(found, { 'service.name': 'one' });
    assert.deepEqual(read(t, 'OTEL_SERVICE_NAME= \0'), {});
  });

  it('without either, and without an environment', (t) => {
    assert.deepEqual(read(t, 'A=OTEL_SERVICE_NAME=x\0'), {});
    assert.deepEqual(environmentResource('/nonexistent'), []);
  });

  it('is read up to 256 KiB', (t) => {
    const variable = 'OTEL_SERVICE_NAME=late\0';
    const filler = (bytes: number) => `A=${'x'.repeat(bytes - 3)}\0`;
    assert.deepEqual(read(t, filler(256 * 1024 - variable.length) + variable), { 'service.name': 'late' });
    assert.deepEqual(read(t, filler(256 * 1024) + variable), {});
  });
});
