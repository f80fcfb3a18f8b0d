// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { reportText } from '../../runner/report.ts';
import { Results } from '../../runner/results.ts';

function results(more: Partial<Results> = {}): Results {
  const layers = [
    { name: 'unit', seconds: 24.4 },
    { name: 'spans', seconds: 3.21 },
  ];
  return Object.assign(new Results(), { passed: 12, skipped: 1, layers, ...more });
}

it('of some layers: seconds, layers that were not run with the way to run them, and the counts last', () => {
  const notRun = [
    { name: 'kernel', takes: '4 min', shows: 'the rest of this host' },
    { name: 'vm', takes: '20 min', shows: 'five kernels' },
  ];
  assert.equal(
    reportText(results(), notRun),
    `seconds:
     24  unit
    3.2  spans
     28  together
not run:
  npm test -- kernel  4 min   the rest of this host
  npm test -- vm      20 min  five kernels
  npm test -- --all runs everything; what cannot run counts as failed

12 passed, 0 failed, 1 skipped`,
  );
});

it('of all layers: the ten slowest files', () => {
  const files = Array.from({ length: 12 }, (_, i) => ({ file: `${i}.test.ts`, seconds: i }));
  const lines = reportText(results({ files }), []).split('\n');
  const slowest = lines.slice(lines.indexOf('slowest files:') + 1, lines.indexOf(''));
  assert.deepEqual([slowest.length, slowest[0], slowest[9]], [10, '     11  11.test.ts', '    2.0  2.test.ts']);
});

it('names the layers that this host cannot run, the reasons, and failures with theirs', () => {
  const leftOut = [{ what: 'quick', why: 'may not load BPF programs.' }];
  const text = reportText(results({ leftOut, failed: ['a.test.ts: one\n1 !== 2', 'vm cannot run here'] }), []);
  assert.match(text, /^this host cannot run:\n {2}quick: may not load BPF programs\.$/m);
  assert.match(
    text,
    /^failed:\n {2}a\.test\.ts: one\n {6}1 !== 2\n {2}vm cannot run here\n\n12 passed, 2 failed, 1 skipped$/m,
  );
});
