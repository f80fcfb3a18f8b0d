// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AgentEvent } from '../../../../src/event/event.ts';
import { Summary } from '../../../../src/event/summary.ts';
import { summaryTable } from '../../../../src/sinks/text/summary-table.ts';
import { event, notRecorded } from '../../fixtures.ts';

function lines(events: readonly AgentEvent[]): string[] {
  const summary = new Summary();
  summary.add(events);
  return summaryTable(summary.report()).split('\n');
}

describe('the table of a summary', () => {
  it('shows who waited, longest first, and what all of it was', () => {
    const resource = { 'service.name': 'checkout' };
    assert.deepEqual(
      lines([
        event(0, { durationNano: 14_200_000, executable: 'java', pid: 4242, resource }),
        event(1, { durationNano: 1_800_000, executable: 'java', pid: 4242, resource }),
        event(2, { durationNano: 3_990_000, executable: 'bash', pid: 17, trigger: 'manual', order: -1 }),
        event(3, { durationNano: 10_000, executable: 'bash', pid: 18, trigger: 'manual', order: 4 }),
      ]),
      [
        'SHARE    TOTAL  LONGEST    COUNT TRIGGER   ORDER PROCESS   SERVICE',
        ' 80 % 16.00 ms 14.20 ms        2 direct        9 java 4242 checkout',
        ' 20 % 3.990 ms 3.990 ms        1 manual       -1 bash 17   -',
        ' <1 % 10.00 us 10.00 us        1 manual        4 bash 18   -',
        '100 % 20.00 ms 14.20 ms        4 (all)',
      ],
    );
  });

  it('without a compaction', () => {
    assert.deepEqual(lines([]), [
      'SHARE    TOTAL  LONGEST    COUNT TRIGGER   ORDER PROCESS SERVICE',
      '  0 % 0.000 us 0.000 us        0 (all)',
    ]);
  });

  it('says what was not recorded', () => {
    const [, , row] = lines([event(0, { durationNano: 402_118_442 }), notRecorded()]);
    assert.equal(row, ' 50 % 402.1 ms 182.0 us     8317 (not recorded: more than the limit for spans)');
  });

  it('says what was lost', () => {
    const row = lines([event(0), notRecorded({ reason: 'ring_full', count: 12 })]).at(-1)!;
    assert.equal(row, '                              12 (lost, in no row above: no duration is known)');
    assert.ok(row.length <= 80);
  });

  it('at most 80 columns: long names are cut, the service last', () => {
    const wide = { executable: 'p'.repeat(40), pid: 4194304, resource: { 'service.name': 's'.repeat(200) } };
    const [header, row] = lines([event(0, { ...wide, trigger: 'kcompactd', durationNano: 999_000 })]);
    assert.equal(row!.length, 80);
    assert.equal(row!.slice(header!.indexOf('SERVICE')), `${'s'.repeat(13)}~`);
    const [, short] = lines([event(0, { ...wide, resource: { 'service.name': 'web' } })]);
    assert.equal(short, '100 % 14.20 ms 14.20 ms        1 direct        9 pppppppppppppppppppppp~ web');
    assert.ok(short!.length <= 80);
  });

  it('at most twenty rows: the others are added up', () => {
    const all = Array.from({ length: 25 }, (_, n) => event(n, { order: n, durationNano: 1000 * (25 - n) }));
    const table = lines(all);
    assert.equal(table.length, 1 + 20 + 1);
    assert.match(table[20]!, /^ {2}6 % 21\.00 us 6\.000 us {8}6 \(others\)$/);
    assert.equal(lines(all.slice(0, 20)).length, 1 + 20 + 1);
    assert.doesNotMatch(lines(all.slice(0, 20)).join(), /others/);
  });

  it('is safe for a terminal, whatever the names are', () => {
    const [, row] = lines([event(0, { executable: 'a\x1b[2Jb', resource: { 'service.name': 'x\ny\u202e' } })]);
    assert.match(row!, / a\?\[2Jb 24376 x\?y\?$/);
  });
});
