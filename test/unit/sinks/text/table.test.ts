// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { duration, tableHeader, tableRows } from '../../../../src/sinks/text/table.ts';
import { event } from '../../fixtures.ts';

const PLAIN = { color: false, kernelStack: false };
const row = tableRows(PLAIN);
const ESC = '\x1b';

describe('the default table', () => {
  it('looks like this', () => {
    const startUnixNano = String(BigInt(new Date(2026, 10, 23, 9, 5, 7).getTime()) * 1_000_000n + 999_999_999n);
    const table =
      tableHeader(PLAIN) +
      row(event(0, { startUnixNano, trigger: 'kcompactd', comm: 'kcompactd0', durationNano: 25_123 })) +
      row(event(0, { startUnixNano, durationNano: 14_200_123, status: 'partial_skipped' })) +
      row(event(0, { startUnixNano, trigger: 'manual', order: -1, durationNano: 113_975_000, status: 'complete' }));
    assert.equal(
      table,
      [
        'TIME     TRIGGER   COMM                PID NODE/ZONE ORDER DURATION    STATUS',
        '09:05:07 kcompactd kcompactd0        24376 0/Normal      9 25.12 us    success',
        '09:05:07 direct    summ              24376 0/Normal      9 14.20 ms !  partial',
        '09:05:07 manual    summ              24376 0/Normal     -1 114.0 ms !! complete',
        '',
      ].join('\n'),
    );
  });

  it('is at most 80 columns wide, whatever a real host shows', () => {
    assert.ok(tableHeader(PLAIN).trimEnd().length <= 80);
    for (const trigger of ['direct', 'kcompactd', 'proactive', 'manual'] as const) {
      for (const status of ['complete', 'partial_skipped', 'contended', 'success']) {
        for (const zone of ['DMA', 'DMA32', 'Normal', 'HighMem', 'Movable', 'Device']) {
          for (const durationNano of [0, 999_949, 999_950, 99_999_999, 999_949_999, 61e9, 3600e9, 86400e9]) {
            const line = row(
              event(0, { trigger, status, zone, durationNano, comm: 'fifteen-bytes-x', pid: 4194304, node: 9 }),
            ).trimEnd();
            assert.ok(line.length <= 80, `${line.length}: ${line}`);
          }
        }
      }
    }
  });

  it('has aligned columns', () => {
    const at = tableHeader(PLAIN).indexOf('STATUS');
    for (const durationNano of [1, 999_999, 999_949_999, 3600e9]) {
      assert.equal(row(event(0, { durationNano, pid: 4194304 })).indexOf('success'), at);
    }
  });

  it('marks stalls of 10 ms with ! and of 100 ms with !!', () => {
    const mark = (durationNano: number) => /!+/.exec(row(event(0, { durationNano })))?.[0];
    assert.equal(mark(9_999_999), undefined);
    assert.equal(mark(10_000_000), '!');
    assert.equal(mark(99_999_999), '!');
    assert.equal(mark(100_000_000), '!!');
  });

  it('has no colour codes without colour', () => {
    for (const kernelStack of [true, false]) {
      const style = { color: false, kernelStack };
      const text = tableHeader(style) + tableRows(style)(event(0, { durationNano: 1e9 }));
      assert.ok(!text.includes(ESC));
    }
  });

  it('with colour has the same text, tinted by length', () => {
    const colored = tableRows({ color: true, kernelStack: false });
    for (const [durationNano, tint] of [
      [1e6, undefined],
      [10e6, `${ESC}[33m`],
      [100e6, `${ESC}[1;31m`],
    ] as const) {
      const plain = row(event(0, { durationNano }));
      assert.equal(
        colored(event(0, { durationNano })),
        tint === undefined ? plain : `${tint}${plain.trimEnd()}${ESC}[0m\n`,
      );
    }
  });

  it('-K prints the stack under the row, innermost frame first', () => {
    const stack = ['compact_zone+0x4c1', 'nv_alloc+0x1f [nvidia]'];
    assert.equal(
      tableRows({ color: false, kernelStack: true })(event(0, { stack })),
      `${row(event(0))}    compact_zone+0x4c1\n    nv_alloc+0x1f [nvidia]\n`,
    );
    assert.equal(tableRows({ color: false, kernelStack: true })(event(0, { stack: [] })), row(event(0)));
    assert.equal(
      tableRows({ color: false, kernelStack: true })(event(0, { stack: [], stackOmitted: 'budget' })),
      `${row(event(0))}    no stack: budget\n`,
    );
  });

  it('never sends the terminal anything that moves the cursor or reverses the text', () => {
    for (const evil of [
      '\x1b[2Jclear',
      'a\nb',
      'a\rb',
      '\x9b31m',
      '\x07\x08\x7f\t',
      'a\u202Eb',
      'a\u2028b',
      '\u200b\ufeff',
    ]) {
      const line = tableRows({ color: false, kernelStack: true })(event(0, { comm: evil, zone: evil, stack: [evil] }));
      const body = line.slice(0, -1).split('\n');
      assert.equal(body.length, 2, JSON.stringify(line));
      assert.doesNotMatch(body.join(''), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u, JSON.stringify(line));
    }
    assert.match(row(event(0, { comm: 'żółw-日本' })), /żółw-日本/, 'letters stay what they are');
  });
});

describe('durations', () => {
  for (const [ns, text] of [
    [0, '0.000 us'],
    [1, '0.001 us'],
    [25, '0.025 us'],
    [999, '0.999 us'],
    [1_000, '1.000 us'],
    [9_999, '9.999 us'],
    [25_123, '25.12 us'],
    [99_994, '99.99 us'],
    [99_995, '100.0 us'],
    [999_949, '999.9 us'],
    [999_950, '1.000 ms'],
    [999_999, '1.000 ms'],
    [1_000_000, '1.000 ms'],
    [9_999_400, '9.999 ms'],
    [9_999_600, '10.00 ms'],
    [113_975_000, '114.0 ms'],
    [999_949_999, '999.9 ms'],
    [999_950_000, '1.000 s'],
    [1_042_000_000, '1.042 s'],
    [59_999_000_000, '60.00 s'],
    [999_949_999_999, '999.9 s'],
    [999_950_000_000, '1000 s'],
    [86_400_000_000_000, '86400 s'],
  ] as const) {
    it(`${ns} ns is ${text}`, () => assert.equal(duration(ns), text));
  }

  it('never shrink as the time grows', () => {
    const scale: Record<string, number> = { us: 1e3, ms: 1e6, s: 1e9 };
    let last = -1;
    for (let ns = 0; ns < 5e12; ns += 1 + Math.floor(ns / 997)) {
      const [number, unit] = duration(ns).split(' ');
      const value = Number(number) * scale[unit!]!;
      assert.ok(value >= last, `${ns} ns: ${duration(ns)}`);
      last = value;
    }
  });
});
