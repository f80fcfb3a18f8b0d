// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { StatusLine } from '../../../src/systemd/status-line.ts';

const PERIOD_MS = 5000;

function lineOf(t: TestContext) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const now = { text: 'first' };
  const sent: string[] = [];
  const line = new StatusLine(
    () => now.text,
    (text) => sent.push(text),
  );
  const pass = (periods: number) => {
    for (let i = 0; i < periods; i++) t.mock.timers.tick(PERIOD_MS);
  };
  return { line, now, sent, pass };
}

describe('the status line', () => {
  it('is sent once for many changes of a period', (t) => {
    const { line, now, sent, pass } = lineOf(t);
    for (now.text of ['a', 'b', 'c']) line.changed();
    assert.deepEqual(sent, []);
    pass(1);
    assert.deepEqual(sent, ['c']);
  });

  it('is sent again when a queue empties without another event, and then nothing runs', (t) => {
    const { line, now, sent, pass } = lineOf(t);
    now.text = '3 queued';
    line.changed();
    pass(1);
    now.text = '0 queued';
    pass(1);
    assert.deepEqual(sent, ['3 queued', '0 queued']);
    pass(1);
    now.text = 'not looked at';
    pass(5);
    assert.deepEqual(sent, ['3 queued', '0 queued']);
  });

  it('is not sent when it is the same', (t) => {
    const { line, sent, pass } = lineOf(t);
    line.renew();
    line.changed();
    pass(1);
    line.renew();
    assert.deepEqual(sent, ['first']);
  });

  it('is sent a last time at the end, and not afterwards', (t) => {
    const { line, now, sent, pass } = lineOf(t);
    line.changed();
    now.text = 'last';
    line.close();
    line.changed();
    now.text = 'later';
    pass(3);
    assert.deepEqual(sent, ['last']);
  });
});
