// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { environmentAttributes, environmentOf } from '../../../../src/prober/service/environment.ts';
import { readStat } from '../../../../src/procfs/stat.ts';
import { fakeProc } from './proc.ts';

function read(t: TestContext, environ: string, environmentAway = false) {
  const proc = fakeProc(t);
  proc.put(7, { environ, environmentAway });
  const folder = `${proc.root}/7`;
  const found = environmentAttributes(folder, readStat(folder)!);
  return typeof found === 'string' ? found : Object.fromEntries(found);
}

describe('the environment of a process', () => {
  it('both variables; the name beats the attributes', (t) => {
    const found = read(t, 'OTEL_SERVICE_NAME=shop\0OTEL_RESOURCE_ATTRIBUTES=service.name=other,a=b\0');
    assert.deepEqual(found, { 'service.name': 'shop', a: 'b' });
  });

  for (const [attributes, expected] of [
    ['a=b=c', { a: 'b=c' }],
    ['a=%zz,b=1', { a: '%zz', b: '1' }],
    ['a=1,b', { a: '1' }],
    ['service.name=checkout,a=b=c', { 'service.name': 'checkout', a: 'b=c' }],
  ] as const) {
    it(`malformed: ${attributes}`, (t) => {
      assert.deepEqual(read(t, `OTEL_RESOURCE_ATTRIBUTES=${attributes}\0`), expected);
    });
  }

  it('is overwritten, where it does not begin with a variable', (t) => {
    const proc = fakeProc(t);
    const of = (environ: string, environmentAway = false) => {
      proc.put(7, { environ, environmentAway });
      return environmentOf(`${proc.root}/7`, readStat(`${proc.root}/7`)!);
    };
    // setproctitle's, and PostgreSQL's.
    for (const title of ['\0\0\0', 'worker [shop]', 'orker [shop]\0\0', 'postgres: shop=1\0'])
      assert.equal(of(title), 'overwritten');
    for (const there of ['', 'A=b\0', '=\0', 'A=b']) assert.deepEqual(of(there), Buffer.from(there));
    assert.equal(of('A=b\0', true), 'unread');
    const none = { ...readStat(`${proc.root}/7`)!, environmentSize: 0 };
    assert.deepEqual(environmentOf(`${proc.root}/7`, none), Buffer.alloc(0));
    assert.equal(environmentOf(`${proc.root}/7`, { ...none, environmentAt: 0n }), 'unread');
  });

  it('is not read while its pages are not in memory', (t) => {
    assert.deepEqual(read(t, 'OTEL_SERVICE_NAME=shop\0', true), 'unread');
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
    assert.deepEqual(read(t, ''), {});
    assert.equal(environmentAttributes('/nonexistent', readStat(`/proc/${process.pid}`)!), 'unread');
  });

  it('is read up to 256 KiB', (t) => {
    const variable = 'OTEL_SERVICE_NAME=late\0';
    const filler = (bytes: number) => `A=${'x'.repeat(bytes - 3)}\0`;
    assert.deepEqual(read(t, filler(256 * 1024 - variable.length) + variable), { 'service.name': 'late' });
    assert.deepEqual(read(t, filler(256 * 1024) + variable), {});
  });
});
