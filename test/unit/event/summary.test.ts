// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Summary } from '../../../src/event/summary.ts';
import { event, events, notRecorded } from '../fixtures.ts';

const CHECKOUT = { 'service.name': 'checkout' };

describe('a summary', () => {
  it('adds up by service, process, trigger and order, longest sum first', () => {
    const summary = new Summary();
    summary.add([
      event(0, { durationNano: 5, executable: 'java', resource: CHECKOUT }),
      event(1, { durationNano: 40, executable: 'java', resource: CHECKOUT, order: 3 }),
      event(2, { durationNano: 7, executable: 'java', resource: CHECKOUT }),
      event(3, { durationNano: 1, executable: 'java', resource: CHECKOUT, trigger: 'manual' }),
      event(4, { durationNano: 2, executable: 'java' }),
      event(5, { durationNano: 3, executable: 'node', resource: CHECKOUT }),
    ]);
    const java = { service: 'checkout', process: 'java', pid: 24376 };
    assert.deepEqual(summary.report(), {
      v: 1,
      all: { count: 6, sumNano: 58, longestNano: 40 },
      rows: [
        { ...java, trigger: 'direct', order: 3, count: 1, sumNano: 40, longestNano: 40 },
        { ...java, trigger: 'direct', order: 9, count: 2, sumNano: 12, longestNano: 7 },
        { ...java, process: 'node', trigger: 'direct', order: 9, count: 1, sumNano: 3, longestNano: 3 },
        { process: 'java', pid: 24376, trigger: 'direct', order: 9, count: 1, sumNano: 2, longestNano: 2 },
        { ...java, trigger: 'manual', order: 9, count: 1, sumNano: 1, longestNano: 1 },
      ],
    });
  });

  it('takes the name of the thread where the executable is not known', () => {
    const summary = new Summary();
    const { executable: _, ...kernelThread } = event(0, { comm: 'kcompactd0', trigger: 'kcompactd' });
    summary.add([kernelThread]);
    assert.equal(summary.report().rows[0]!.process, 'kcompactd0');
  });

  it('has no pid where processes of several hosts share a row', () => {
    const hosts = [{ name: 'node-7' }, { name: 'node-8' }];
    const pidOf = (...of: number[]) => {
      const summary = new Summary();
      summary.add(of.map((i) => event(0, { pid: 39, host: hosts[i]! })));
      return summary.report().rows.map(({ pid }) => pid);
    };
    assert.deepEqual(pidOf(0, 0), [39]);
    assert.deepEqual(pidOf(0, 1), [undefined]);
  });

  it('has no pid where several processes share a row', () => {
    const summary = new Summary();
    summary.add([event(0, { pid: 1 }), event(1, { pid: 2 }), event(2, { pid: 1 })]);
    const [row, ...more] = summary.report().rows;
    assert.deepEqual(more, []);
    assert.equal(row!.count, 3);
    assert.ok(!('pid' in row!));
  });

  it('holds a bounded number of rows, and adds up the others: nothing is missing from the whole', () => {
    const summary = new Summary(2);
    for (const order of [1, 2, 1, 3, 4]) summary.add([event(0, { order, durationNano: order })]);
    const { all, rows, others } = summary.report();
    assert.deepEqual(all, { count: 5, sumNano: 11, longestNano: 4 });
    assert.deepEqual(others, { count: 3, sumNano: 4, longestNano: 2 });
    assert.deepEqual(
      rows.map(({ order }) => order),
      [4, 3],
    );
  });

  it('has what the limit for spans left out, in the whole and in a row of its own', () => {
    const summary = new Summary();
    const left = notRecorded();
    summary.add([...events(2, { durationNano: 10 }), left]);
    const { count, sumNano, longestNano } = left;
    const { all, notRecorded: row } = summary.report();
    assert.deepEqual(row, { count, sumNano, longestNano });
    assert.deepEqual(all, { count: count + 2, sumNano: sumNano + 20, longestNano });
  });

  it('has what was lost in no total, as nobody knows how long it took', () => {
    const summary = new Summary();
    const { sumNano: _, longestNano: __, limit: ___, ...gap } = notRecorded({ reason: 'ring_full', count: 5 });
    summary.add([...events(2, { durationNano: 10 }), gap, { ...gap, reason: 'skipped', count: 2 }]);
    const { all, notRecorded: row, lost } = summary.report();
    assert.deepEqual([all, row, lost], [{ count: 2, sumNano: 20, longestNano: 10 }, undefined, 7]);
  });
});
