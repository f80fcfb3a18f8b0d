// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CompactionEvent } from '../../../src/event/event.ts';
import { parseEvent } from '../../../src/event/parse.ts';
import { jsonLine } from '../../../src/sinks/text/json.ts';
import { event, events, fixtureText, notRecorded, snoopEvents } from '../fixtures.ts';
import { recordedBatch, recordedDecoder } from '../recorded-kernel.ts';

type Json = Record<string, unknown>;

/** A line with one field changed, at a path such as `watermark.min`; `undefined` removes it. */
function lineWith(path: string, value: unknown): string {
  const whole = structuredClone(event(0)) as unknown as Json;
  const names = path.split('.');
  const last = names.pop()!;
  const parent = names.reduce((object, name) => object[name] as Json, whole);
  if (value === undefined) delete parent[last];
  else parent[last] = value;
  return JSON.stringify(whole);
}

const refuses = (path: string, value: unknown, message: string) =>
  assert.throws(() => parseEvent(lineWith(path, value)), { message });

/** Every field with its expected type, and wrong values. */
const FIELDS: [path: string, expected: string, ...bad: unknown[]][] = [
  [
    'startUnixNano',
    'a string of digits, at most 2^63 - 1',
    ...[1795441812325, '', '-1', '1e18', '1795441812.5', '123456789012345678901'],
    ...['9223372036854775808', '18446744073709551616', '99999999999999999999'],
  ],
  ['durationNano', 'an integer of 0 or more', '14200123', -1, 0.5, 2 ** 53, null],
  ['trigger', 'one of direct, kcompactd, proactive, manual', 'Direct', 'cron', 0, null],
  ['pid', 'an integer of 0 or more', '1', -1, 1.5, null],
  ['tid', 'an integer of 0 or more', '1', -1],
  ['comm', 'a string', 1, null, ['zsh']],
  ['cpu', 'an integer of 0 or more', -1, '0'],
  ['cgroupId', 'a string of digits, at most 2^64 - 1', 4711, '', '0x1', '18446744073709551616'],
  ['node', 'an integer', 0.5, '0', null],
  ['zone', 'a string', 2, null],
  ['zoneIndex', 'an integer of 0 or more', -1, '2'],
  ['order', 'an integer', '9', 1.5, null],
  ['mode', 'a string', 0],
  ['status', 'a string', 8],
  ['gfp', 'a list', 'GFP_KERNEL', null, {}],
  ['watermark', 'an object', null, 1, [1, 2, 3]],
  ['watermark.min', 'an integer of 0 or more', -1, '1', null],
  ['watermark.low', 'an integer of 0 or more', 1.5],
  ['watermark.high', 'an integer of 0 or more', 'x'],
  ['begin', 'an object', null, 'x', []],
  ['begin.free', 'an integer of 0 or more', -1, null],
  ['begin.index', 'null or a number from -1 to 1', 728, -1.001, '0.728', false],
  ['begin.blocks', 'a list', null, 11],
  ['end', 'an object', true],
  ['end.free', 'an integer of 0 or more', -1],
  ['end.index', 'null or a number from -1 to 1', 2],
  ['end.blocks', 'a list', {}],
  ['scanned', 'an object', 512],
  ['scanned.migrate', 'an integer of 0 or more', -1],
  ['scanned.free', 'an integer of 0 or more', '2048'],
  ['stack', 'a list', 'compact_zone+0x4c1', null],
  ['traceId', '32 lower-case hex digits, not all zero', '', 'f'.repeat(31), 'F'.repeat(32), '0'.repeat(32), 1],
  ['spanId', '16 lower-case hex digits, not all zero', 'e'.repeat(17), 'g'.repeat(16), '0'.repeat(16)],
];

describe('an event as a line, and back', () => {
  it('is the same event', () => {
    for (const one of [...events(20), ...snoopEvents(), ...recordedDecoder().decode(recordedBatch()).events]) {
      const line = jsonLine(one);
      assert.ok(line.endsWith('}\n') && !line.slice(0, -1).includes('\n'), 'one line');
      assert.deepEqual(parseEvent(line), JSON.parse(line));
      assert.deepEqual(parseEvent(line.trimEnd()), one);
      assert.equal(jsonLine(parseEvent(line)), line, 'byte for byte');
    }
  });

  it('a recording made elsewhere: bytes stay what they are', () => {
    const lines = fixtureText('snoop/events.jsonl');
    assert.equal(lines.split(/(?<=\n)/).map((line) => jsonLine(parseEvent(line))).join(''), lines); // biome-ignore format: one line
  });

  it('optional fields may be absent, and only those', () => {
    const optional = ['executable', 'container', 'priority', 'attempt'];
    for (const name of Object.keys(event(0))) {
      const line = lineWith(name, undefined);
      if (optional.includes(name)) assert.ok(!(name in parseEvent(line)));
      else assert.throws(() => parseEvent(line), new RegExp(`^Error: ${name}: expected .*, got nothing`));
    }
    for (const name of optional) refuses(name, 1, `${name}: expected a string, got 1`);
    for (const name of optional) refuses(name, null, `${name}: expected a string, got null`);
  });

  it('the resource: any names, with the values of OpenTelemetry', () => {
    const resource = { 'service.name': 'shop', n: 1.5, yes: true, list: ['a', 1, false], empty: [] };
    assert.deepEqual(parseEvent(jsonLine(event(0, { resource }))), event(0, { resource }));
    const expected = 'resource: expected an object of strings, finite numbers, booleans and lists of these';
    for (const bad of [1, 'x', null, [], { a: null }, { a: {} }, { a: [[1]] }, { a: [null] }]) {
      refuses('resource', bad, `${expected}, got ${JSON.stringify(bad)}`);
    }
  });

  it('a number beyond the largest is refused: JSON.parse makes Infinity of it', () => {
    for (const attribute of ['1e999', '[-1e999]']) {
      const line = lineWith('resource', { a: 'HERE' }).replace('"HERE"', attribute);
      assert.throws(() => parseEvent(line), /^Error: resource: expected an object of strings, finite numbers/);
    }
  });

  it('why there is no stack: a reason that is known', () => {
    for (const reason of ['budget', 'min_duration', 'failed']) {
      const { stackOmitted } = parseEvent(lineWith('stackOmitted', reason)) as CompactionEvent;
      assert.equal(stackOmitted, reason);
    }
    for (const bad of ['', 'Budget', 1, null]) {
      const message = `stackOmitted: expected one of budget, min_duration, failed, got ${JSON.stringify(bad)}`;
      refuses('stackOmitted', bad, message);
    }
  });

  it('the trace flags are a byte', () => {
    const context = { source: 'thread', traceId: '1'.repeat(32), spanId: '1'.repeat(16), relation: 'link' };
    const withAttributes = { ...context, flags: 0, attributes: { 'http.route': '/' } };
    assert.deepEqual(
      parseEvent(lineWith('context', withAttributes)),
      event(0, { context: withAttributes } as Partial<CompactionEvent>),
    );
    refuses(
      'context',
      { ...withAttributes, attributes: { a: 1 } },
      'context.attributes: expected an object of strings, got {"a":1}',
    );
    for (const flags of [0, 255]) assert.doesNotThrow(() => parseEvent(lineWith('context', { ...context, flags })));
    for (const flags of [-1, 256, 2 ** 40, 0.5, '1']) {
      const message = `context.flags: expected an integer from 0 to 255, got ${JSON.stringify(flags)}`;
      refuses('context', { ...context, flags }, message);
    }
  });

  it('an end after the last time is refused', () => {
    const last = 2n ** 63n - 1n;
    const ending = (end: bigint) => jsonLine(event(0, { startUnixNano: `${end - 1000n}`, durationNano: 1000 }));
    assert.doesNotThrow(() => parseEvent(ending(last)));
    const message = 'durationNano: expected an end of at most 2^63 - 1 nanoseconds';
    assert.throws(() => parseEvent(ending(last + 1n)), { message });
  });

  it('levels that no event has are refused, also in fields of a newer version', () => {
    const nested = (levels: number): unknown => JSON.parse('['.repeat(levels) + ']'.repeat(levels));
    // The event itself is the first level.
    assert.doesNotThrow(() => parseEvent(lineWith('new', nested(7))));
    for (const field of ['new', 'stack', 'pid']) refuses(field, nested(8), 'nested more than 8 levels deep');
    const deep = jsonLine(event(0)).replace('{', `{"new":${'{"":'.repeat(100_000)}1${'}'.repeat(100_000)},`);
    assert.throws(() => parseEvent(deep), { message: 'nested more than 8 levels deep' });
  });

  it('unknown fields, as of a newer version, are kept', () => {
    const line = lineWith('thp', { enabled: 'madvise' });
    assert.equal(jsonLine(parseEvent(line)), `${line}\n`);
  });

  it('values at the bounds', () => {
    for (const change of [
      { begin: { ...event(0).begin, index: null } },
      { begin: { ...event(0).begin, index: -1, blocks: [] } },
      { begin: { ...event(0).begin, index: 1 } },
      { order: -1, node: -1, gfp: [], stack: [], comm: '' },
      { startUnixNano: '0', cgroupId: '18446744073709551615', durationNano: Number.MAX_SAFE_INTEGER },
    ] as Partial<CompactionEvent>[]) {
      assert.deepEqual(parseEvent(jsonLine(event(0, change))), event(0, change));
    }
  });
});

describe('a wrong field is named, with the expected type', () => {
  it('every field has its check here', () => {
    const names = Object.entries(event(0)).flatMap(([name, value]) =>
      typeof value === 'object' && !Array.isArray(value)
        ? [name, ...Object.keys(value).map((inner) => `${name}.${inner}`)]
        : [name],
    );
    const others = ['v', 'executable', 'container', 'priority', 'attempt'];
    assert.deepEqual(FIELDS.map(([path]) => path).sort(), names.filter((name) => !others.includes(name)).sort());
  });

  for (const [path, expected, ...bad] of FIELDS) {
    it(path, () => {
      refuses(path, undefined, `${path}: expected ${expected}, got nothing`);
      for (const value of bad) refuses(path, value, `${path}: expected ${expected}, got ${JSON.stringify(value)}`);
    });
  }

  it('elements of lists', () => {
    refuses('gfp', ['GFP_KERNEL', 1], 'gfp: expected a list, each a string, got ["GFP_KERNEL",1]');
    refuses('begin.blocks', [1, -1], 'begin.blocks: expected a list, each an integer of 0 or more, got [1,-1]');
    refuses('stack', [null], 'stack: expected a list, each a string, got [null]');
  });

  it('a long value is cut in the message', () => {
    refuses('pid', 'x'.repeat(1000), `pid: expected an integer of 0 or more, got "${'x'.repeat(39)}...`);
  });

  it('another version', () => {
    for (const [v, got] of [
      [2, '2; a newer compactstall may have written it'],
      [0, '0'],
      ['1', '"1"'],
      [undefined, 'nothing'],
    ] as const) {
      refuses('v', v, `v: expected 1, got ${got}`);
    }
  });

  it('no JSON, or no object', () => {
    for (const line of ['', '{', 'hello', '{"v":1', `${jsonLine(event(0)).slice(0, 100)}`]) {
      assert.throws(() => parseEvent(line), /^Error: not JSON \(.+\)$/);
    }
    for (const line of ['null', '1', '"x"', '[]', 'true']) {
      assert.throws(() => parseEvent(line), { message: 'not a JSON object' });
    }
  });
});

describe('a line of compactions that were not recorded', () => {
  const OPTIONAL: ReadonlySet<string> = new Set(['sumNano', 'longestNano', 'limit']);

  it('is an event of its kind', () => {
    assert.deepEqual(parseEvent(jsonLine(notRecorded())), notRecorded());
  });

  for (const [name, bad, expected] of [
    ['startUnixNano', 1, 'a string of digits, at most 2^63 - 1'],
    ['durationNano', -1, 'an integer of 0 or more'],
    ['count', '5', 'an integer of 0 or more'],
    ['sumNano', 0.5, 'an integer of 0 or more'],
    ['longestNano', null, 'an integer of 0 or more'],
    ['reason', 'A mood', 'a word of a-z, 0-9 and _'],
    ['limit', -1, 'an integer of 0 or more'],
    ['traceId', 'f', '32 lower-case hex digits, not all zero'],
    ['spanId', 'f', '16 lower-case hex digits, not all zero'],
  ] as const) {
    it(`checks its ${name}`, () => {
      const parse = (value: unknown) => parseEvent(JSON.stringify({ ...notRecorded(), [name]: value }));
      assert.throws(() => parse(bad), { message: `${name}: expected ${expected}, got ${JSON.stringify(bad)}` });
      if (OPTIONAL.has(name)) assert.ok(!(name in parse(undefined)));
      else assert.throws(() => parse(undefined), { message: `${name}: expected ${expected}, got nothing` });
    });
  }

  it('another kind is refused', () => {
    const message = 'kind: expected nothing or "not_recorded", got "other"';
    assert.throws(() => parseEvent(JSON.stringify({ ...notRecorded(), kind: 'other' })), { message });
  });
});
