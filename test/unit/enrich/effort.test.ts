// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { Effort } from '../../../src/enrich/effort.ts';

/** A prober with pid 7. `after` lets time go by, and then looks at it. */
function setUp(t: TestContext) {
  const proc = mkdtempSync(join(tmpdir(), 'compactstall-effort-'));
  t.after(() => rmSync(proc, { recursive: true }));
  mkdirSync(join(proc, '7'));
  let nowMs = 1000;
  const effort = new Effort(7, { proc, now: () => nowMs });
  const after = (ms: number, state: string, ticks: number) => {
    nowMs += ms;
    const fields = [state, 1, 7, 7, 0, -1, 4194304, 100, 0, 0, 0, ticks, 3, 0, 0, 20, 0, 11, 0, 500];
    writeFileSync(join(proc, '7', 'stat'), `7 (a) b) ${fields.join(' ')}\n`);
    effort.look();
  };
  return { proc, effort, after };
}

describe('what a prober has spent on an answer', () => {
  it('waiting counts', (t) => {
    const { effort, after } = setUp(t);
    for (const state of ['S', 'D', 'T']) after(250, state, 20);
    assert.deepEqual([effort.waitedMs, effort.workedMs], [750, 0]);
  });

  it('working counts by its CPU time, from the first look on', (t) => {
    const { effort, after } = setUp(t);
    after(250, 'R', 20);
    after(250, 'R', 21);
    after(250, 'R', 29);
    assert.deepEqual([effort.waitedMs, effort.workedMs], [0, 90]);
  });

  it('being ready to run without a CPU does not count', (t) => {
    const { effort, after } = setUp(t);
    for (let i = 0; i < 100; i++) after(250, 'R', 20);
    assert.deepEqual([effort.waitedMs, effort.workedMs], [0, 0]);
  });

  it('a pause of the process that looks does not count', (t) => {
    const { effort, after } = setUp(t);
    after(60_000, 'S', 20);
    assert.equal(effort.waitedMs, 500);
  });

  it('a prober that cannot be seen counts as waiting', (t) => {
    let nowMs = 0;
    const { proc } = setUp(t);
    for (const pid of [8, undefined]) {
      const effort = new Effort(pid, { proc, now: () => nowMs });
      nowMs += 100;
      effort.look();
      assert.equal(effort.waitedMs, 100);
    }
  });

  it('begins with each answer', (t) => {
    const { effort, after } = setUp(t);
    after(250, 'S', 20);
    effort.reset();
    after(100, 'S', 90);
    assert.deepEqual([effort.waitedMs, effort.workedMs], [100, 0]);
  });

  it('tells whether it was stopped', (t) => {
    const { effort, after } = setUp(t);
    for (const [state, isStopped] of [
      ['T', true],
      ['t', true],
      ['S', false],
    ] as const) {
      after(250, state, 20);
      assert.equal(effort.isStopped, isStopped);
    }
  });
});
