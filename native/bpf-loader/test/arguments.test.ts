// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { BpfObject, sendDatagram } from '../src/index.ts';
import { bpfError, loadCounter, testObject } from './support.ts';

const NOTHINGS: unknown[] = [
  null,
  0,
  -1,
  1.5,
  Number.NaN,
  2 ** 60,
  1n,
  true,
  '',
  'x\0y',
  [],
  {},
  Symbol('s'),
  () => {},
];

/** Values of every kind but those that `good` accepts. */
function bad(good: (value: unknown) => boolean): unknown[] {
  return NOTHINGS.filter((value) => !good(value));
}

const isObject = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value);
const isList = (value: unknown) => Array.isArray(value);
const never = () => false;

const object = loadCounter();
const ring = object.ringBuffer('ring', () => {});
after(() => object.close());

// biome-ignore lint/suspicious/noExplicitAny: wrong arguments are the point
type Wrong = any;
const cases: [string, RegExp, unknown[], (value: Wrong) => unknown][] = [
  [
    'load()',
    /The options|object must be a Uint8Array|unknown property/,
    [undefined, ...bad(never)],
    (v) => BpfObject.load(v),
  ],
  [
    'load({ object })',
    /^object must be a Uint8Array/,
    [undefined, ...bad(never), new Uint8Array(), new Uint16Array(4)],
    (v) => BpfObject.load({ object: v }),
  ],
  [
    'load({ name })',
    /^name must be a string that is not empty/,
    bad((v) => v === null),
    (v) => loadCounter({ name: v }),
  ],
  [
    'load({ constants })',
    /^constants must be an object/,
    bad((v) => isObject(v) || v === null),
    (v) => BpfObject.load({ object: testObject, constants: v }),
  ],
  [
    'load({ constants: { a_byte } })',
    /^constants\.a_byte must be a whole number|does not fit/,
    [undefined, ...bad((v) => v === 0 || v === 1n || v === true), 2n ** 64n, -(2n ** 63n) - 1n],
    (v) => BpfObject.load({ object: testObject, constants: { a_byte: v } }),
  ],
  ['load({ programs })', /^programs must be an array/, bad(isList), (v) => loadCounter({ programs: v })],
  [
    'load({ programs: [] })',
    /^programs\[1\] must be a string/,
    [undefined, ...bad(never)],
    (v) => loadCounter({ programs: ['by_btf', v] }),
  ],
  [
    'load({ mapSizes })',
    /^mapSizes must be an object/,
    bad((v) => isObject(v) || v === null),
    (v) => loadCounter({ mapSizes: v }),
  ],
  [
    'load({ mapSizes: { ring } })',
    /^mapSizes\.ring must be a whole number of 1 to 4294967295/,
    [undefined, ...bad(never), 2 ** 32],
    (v) => loadCounter({ mapSizes: { ring: v } }),
  ],
  [
    'load({ pinnedMaps })',
    /^pinnedMaps must be an object/,
    bad((v) => isObject(v) || v === null),
    (v) => loadCounter({ pinnedMaps: v }),
  ],
  [
    'load({ pinnedMaps: { table } })',
    /^pinnedMaps\.table must be a string/,
    [undefined, ...bad(never)],
    (v) => loadCounter({ pinnedMaps: { table: v } }),
  ],
  ['load({ btfPath })', /^btfPath must be a string/, bad(never), (v) => loadCounter({ btfPath: v })],
  [
    'load({ verbose })',
    /^verbose must be true or false/,
    bad((v) => v === true || v === null),
    (v) => loadCounter({ verbose: v }),
  ],
  ['attach()', /^programs must be an array/, bad(isList), (v) => object.attach(v)],
  ['attach([])', /^programs\[0\] must be a string/, [undefined, ...bad(never)], (v) => object.attach([v])],
  ['ringBuffer(map)', /^map must be a string/, [undefined, ...bad(never)], (v) => object.ringBuffer(v, () => {})],
  [
    'ringBuffer(, onReadable)',
    /^onReadable must be a function/,
    [undefined, ...bad((v) => typeof v === 'function')],
    (v) => object.ringBuffer('other_ring', v),
  ],
  ['readMap()', /^map must be a string/, [undefined, ...bad(never)], (v) => object.readMap(v)],
  ['readVariable()', /^name must be a string/, [undefined, ...bad(never)], (v) => object.readVariable(v)],
  [
    'readVariable(, into)',
    /^into must be a Uint8Array/,
    bad((v) => v instanceof Uint8Array),
    (v) => object.readVariable('armed', v),
  ],
  ['writeVariable(name)', /^name must be a string/, [undefined, ...bad(never)], (v) => object.writeVariable(v, 1)],
  [
    'writeVariable(, value)',
    /^value must be a whole number|does not fit/,
    [undefined, ...bad((v) => v === 0 || v === 1n)],
    (v) => object.writeVariable('armed', v),
  ],
  [
    'drain()',
    /^maxBytes must be a whole number of 1 to 4294967295/,
    [...bad(never), 2 ** 32, '5'],
    (v) => ring.drain(v),
  ],
  ['sendDatagram(address)', /^address must be a string/, [undefined, ...bad(never)], (v) => sendDatagram(v, 'text')],
  ['sendDatagram(, text)', /^text must be a string/, [undefined, ...bad(never)], (v) => sendDatagram('/nowhere', v)],
];

for (const [name, message, values, work] of cases) {
  test(`${name} reports the mistake`, () => {
    for (const value of values) assert.throws(() => work(value), bpfError('INVALID_ARGUMENT', message), String(value));
  });
}

test('a misspelt option is not ignored', () => {
  assert.throws(
    () => BpfObject.load({ object: testObject, constant: {} } as Wrong),
    bpfError('INVALID_ARGUMENT', /unknown property 'constant'\. It takes: object, name, constants, /),
  );
});

test('inherited names are not constants', () => {
  const constants = Object.create({ a_byte: 300 });
  BpfObject.load({ object: testObject, programs: [], constants }).close();
});

test('a missing addon: one sentence tells how to build it', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'bpf-loader-native-'));
  t.after(() => rmSync(directory, { recursive: true }));
  cpSync(new URL('../src', import.meta.url), join(directory, 'src'), { recursive: true });
  await assert.rejects(
    import(pathToFileURL(join(directory, 'src/index.ts')).href),
    bpfError('ADDON_MISSING', /Cannot find module.*a clone builds it with `make -C native\/bpf-loader`/),
  );
});
