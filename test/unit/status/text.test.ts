// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { duration } from '../../../src/sinks/text/table.ts';
import { Rate } from '../../../src/status/rate.ts';
import { statusText } from '../../../src/status/text.ts';
import { STATUS } from './status.ts';

describe('the status for a person', () => {
  it('has what matters first', () => {
    assert.deepEqual(statusText(STATUS, duration).split('\n'), [
      'compactstall 1.2.3, pid 77, attached (tp_btf) for 1 d 2 h',
      '10 compactions, 4 lost, 2 not recorded',
      '12.3 a second over 10 s, 3.0 over a minute',
      'ring buffer 25 % full, 7 spans queued',
      'spans go to http://localhost:4317',
      'lost 4: the ring buffer was full',
      '',
      'waited longest:',
      '  12.00 ms in 3, the longest 9.000 ms: java (shop)',
      '',
      'last errors and warnings:',
      '  2026-11-23T13:50:13.325Z warn: the collector is?[2J away (3 times)',
      '  2026-11-23T13:50:14.325Z error: cannot write to out',
      '',
      'last messages:',
      '  2026-11-23T13:50:12.325Z 1.2.3 attached',
      '',
    ]);
  });

  it('is short when there is nothing to say', () => {
    const { queued: _, ...quiet } = STATUS;
    const books = { ...STATUS.books, lost: {} };
    const text = statusText(
      { ...quiet, uptimeSeconds: 61.9, destinations: [], problems: [], messages: [], stalled: [], books },
      duration,
    );
    assert.equal(text.split('\n')[0], 'compactstall 1.2.3, pid 77, attached (tp_btf) for 1 m 1 s');
    assert.equal(text.split('\n').length, 5);
    assert.match(statusText({ ...STATUS, uptimeSeconds: 0.2 }, duration), /for 0 s\n/);
  });
});

describe('a rate', () => {
  it('is of whole seconds that have passed', () => {
    const rate = new Rate();
    rate.add(10, 1000);
    rate.add(20, 2500);
    assert.equal(rate.perSecond(10, 2900), 1, 'the second that goes on does not count');
    assert.equal(rate.perSecond(10, 3000), 3);
    assert.equal(rate.perSecond(1, 3000), 20);
  });

  it('forgets what is older, also after a pause of any length', () => {
    const rate = new Rate();
    rate.add(10, 1000);
    assert.equal(rate.perSecond(10, 11_000), 1);
    assert.equal(rate.perSecond(10, 12_000), 0);
    rate.add(30, 12_000);
    assert.equal(rate.perSecond(59, 60_000), 40 / 59);
    assert.equal(rate.perSecond(59, 3_600_000), 0);
  });
});
