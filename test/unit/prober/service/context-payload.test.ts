// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { contextAttributes, threadContextSchema } from '../../../../src/prober/service/context-payload.ts';
import { array, attribute, bool, bytes, context, double, int, named, text, threadContexts, varint } from './payload.ts';

const read = (payload: Buffer) => {
  const found = contextAttributes(payload);
  return found && Object.fromEntries(found);
};

describe('the payload of a process context', () => {
  it('every kind of value', () => {
    const payload = context(
      attribute('service.name', text('größe')),
      attribute('n', int(42)),
      attribute('negative', int(-1)),
      attribute('share', double(4, 0.5)),
      attribute('yes', bool(true)),
      attribute('no', bool(false)),
      attribute('texts', array(text('a'), text('b'))),
      attribute('numbers', array(int(2), double(4, 1.5), text('of another type'))),
      attribute('empty', array()),
    );
    assert.deepEqual(read(payload), {
      'service.name': 'größe',
      n: 42,
      negative: -1,
      share: 0.5,
      yes: true,
      no: false,
      texts: ['a', 'b'],
      numbers: [2, 1.5],
      empty: [],
    });
  });

  it('unknown fields, and attributes outside of the resource, are skipped', () => {
    const beside = bytes(2, bytes(1, Buffer.from('threadlocal.schema_version')), bytes(2, text('tls_v1')));
    const later = [varint(77, 1), bytes(78, Buffer.from('later')), double(79, 1)];
    const payload = Buffer.concat([...later, beside, bytes(1, attribute('a', text('b')), ...later)]);
    assert.deepEqual(read(payload), { a: 'b' });
  });

  it('nothing', () => assert.deepEqual(read(Buffer.alloc(0)), {}));

  for (const [what, value] of [
    ['bytes', bytes(7, Buffer.from('x'))],
    ['a map', bytes(6, attribute('a', text('b')))],
    ['no value', Buffer.alloc(0)],
    ['NaN', double(4, Number.NaN)],
    ['infinity', double(4, Number.POSITIVE_INFINITY)],
    ['an integer beyond 2^53', int(2 ** 60)],
    ['a string as a number', varint(1, 5)],
    ['a number as a string', bytes(3, Buffer.from('5'))],
  ] as const) {
    it(`left out: ${what}`, () => {
      assert.deepEqual(read(context(attribute('x', value), attribute('a', text('b')))), { a: 'b' });
      assert.deepEqual(read(context(attribute('x', array(value, int(1))))), { x: [1] });
    });
  }

  it('left out: an attribute without a name', () => {
    assert.deepEqual(read(context(bytes(1, bytes(2, text('x'))), attribute('a', text('b')))), { a: 'b' });
  });

  it('names with a meaning in JavaScript are ordinary names', () => {
    const found = read(context(attribute('__proto__', text('x')), attribute('constructor', text('y'))));
    assert.deepEqual(Object.entries(found!), [
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ]);
  });
});

describe('a hostile payload', () => {
  it('cut anywhere: read as nothing, or as the whole attributes, and nothing is thrown', () => {
    const whole = context(attribute('service.name', text('shop')), attribute('list', array(text('a'), int(300))));
    for (let length = 0; length < whole.length; length++) {
      const found = read(whole.subarray(0, length));
      assert.ok(found === undefined || Object.keys(found).length === 0, String(length));
    }
  });

  it('every byte changed to anything', () => {
    const whole = context(attribute('service.name', text('shop')), attribute('n', array(int(5), double(4, 2))));
    for (let at = 0; at < whole.length; at++) {
      for (let value = 0; value < 256; value++) {
        const changed = Buffer.from(whole);
        changed[at] = value;
        const found = contextAttributes(changed) ?? [];
        assert.ok(found.length <= 2);
        JSON.stringify(found);
      }
    }
  });

  it('invalid UTF-8: the replacement character', () => {
    assert.deepEqual(read(context(attribute('a', bytes(1, Buffer.from([0x66, 0xff, 0xc3]))))), { a: 'f\ufffd\ufffd' });
  });

  it('nested very deeply', () => {
    let value = text('deep');
    for (let i = 0; i < 5000; i++) value = array(value);
    assert.deepEqual(read(context(attribute('x', value), attribute('a', text('b')))), { x: [], a: 'b' });
  });

  it('thousands of attributes: the first 128', () => {
    const many = Array.from({ length: 5000 }, (_, i) => attribute(`a${i}`, int(i)));
    assert.equal(contextAttributes(context(...many))?.length, 128);
  });

  it('thousands of elements: the first 64', () => {
    assert.deepEqual(read(context(attribute('x', array(...Array.from({ length: 5000 }, () => int(1))))))?.x, [
      ...Array.from({ length: 64 }, () => 1),
    ]);
  });

  it('tens of thousands of meaningless fields: it ends early, with the attributes before them', () => {
    const nothing = Buffer.concat(Array.from({ length: 5000 }, () => varint(9, 1)));
    assert.deepEqual(read(Buffer.concat([named('before'), nothing, named('after')])), { 'service.name': 'before' });
    const inValue = context(attribute('service.name', text('before')), attribute('x', array(nothing)));
    assert.deepEqual(read(Buffer.concat([inValue, named('after')])), { 'service.name': 'after', x: [] });
  });
});

describe('what a process context says of thread contexts', () => {
  it('their schema and the names of their attributes', () => {
    const payload = Buffer.concat([named('shop'), threadContexts('datadog.local_root_span_id', 'route')]);
    assert.deepEqual(threadContextSchema(payload), {
      version: 'tlsdesc_v1_dev',
      keys: ['datadog.local_root_span_id', 'route'],
    });
    assert.deepEqual(contextAttributes(payload), [['service.name', 'shop']]);
  });

  it('nothing', () => {
    const inResource = context(attribute('threadlocal.schema_version', text('tlsdesc_v1_dev')));
    for (const payload of [
      Buffer.alloc(0),
      named('shop'),
      inResource,
      Buffer.from([0xff]),
      threadContexts().subarray(5),
    ]) {
      assert.equal(threadContextSchema(payload), undefined);
    }
  });
});
