// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { type Check, fail, ok, type Topic, warn } from '../../../src/doctor/check.ts';
import { topics } from '../../../src/doctor/checks.ts';
import { canRun, examine, startCode } from '../../../src/doctor/examine.ts';
import { reportText } from '../../../src/doctor/report.ts';

const HOST = { version: '1.2.3', kernel: '6.1.0', machine: 'x86_64' };
const CHECKS: Check[] = [
  { id: 'kernel', ...ok('Linux.') },
  { id: 'kptr', ...warn('hidden.', 'Show them.') },
  { id: 'attach', ...fail('not allowed.', 'Allow it.') },
];
const topic = (id: string, examine: Topic['examine']): Topic => ({ id, about: '', examine });

describe('the list of checks', () => {
  it('has unique ids, and docs/doctor.md describes each in its order', () => {
    assert.equal(new Set(topics().map(({ id }) => id)).size, topics().length);
    const documented = readFileSync(new URL('../../../docs/doctor.md', import.meta.url), 'utf8');
    const table = topics()
      .map(({ id, about }) => `| \`${id}\` | ${about} |\n`)
      .join('');
    assert.ok(documented.includes(`| --- | --- |\n${table}\n`), table);
  });
});

describe('examine', () => {
  it('makes the checks in order, and each text is one line', async () => {
    const checks = await examine([topic('b', () => warn('one\n two', ' three\n')), topic('a', async () => ok('four'))]);
    assert.deepEqual(checks, [
      { id: 'b', status: 'warn', why: 'one two', todo: 'three' },
      { id: 'a', status: 'ok', why: 'four' },
    ]);
  });

  it('a check that crashes is reported, and hides no other', async () => {
    const broken = () => {
      throw new TypeError('x is not a function');
    };
    const [first, second] = await examine([topic('a', broken), topic('b', () => ok('fine'))]);
    assert.equal(first!.status, 'warn');
    assert.match(first!.why, /^unknown: .*x is not a function$/);
    assert.equal(second!.status, 'ok');
  });

  it('the code is the one of `run`: a setting comes before the host', () => {
    const setting: Check = { id: 'collector', ...fail('no.', 'Correct it.', 2) };
    assert.equal(startCode(CHECKS.slice(0, 2)), 0);
    assert.equal(startCode(CHECKS), 3);
    assert.equal(startCode([...CHECKS, setting]), 2);
  });

  it('only `fail` means that run would not start', () => {
    assert.equal(canRun(CHECKS), false);
    assert.equal(canRun(CHECKS.slice(0, 2)), true);
  });
});

describe('the report', () => {
  it('is aligned, with advice below, and the verdict last', () => {
    assert.equal(
      reportText(HOST, CHECKS, { color: false }),
      `compactstall 1.2.3, Linux 6.1.0 on x86_64

ok    kernel  Linux.
warn  kptr    hidden.
              -> Show them.
fail  attach  not allowed.
              -> Allow it.

compactstall cannot run here: attach; warnings: kptr.
`,
    );
    assert.match(
      reportText(HOST, CHECKS.slice(0, 2), { color: false }),
      /\ncompactstall can run here; warnings: kptr\.\n$/,
    );
    assert.match(reportText(HOST, CHECKS.slice(0, 1), { color: false }), /\ncompactstall can run here\.\n$/);
  });

  it('fits a terminal, and is not squeezed into a column of single words', () => {
    const long = [{ id: 'a', ...warn('word '.repeat(40).trim(), 'thing '.repeat(40).trim()) }];
    const lines = (columns: number) => reportText(HOST, long, { color: false, columns }).split('\n');
    assert.ok(lines(80).every((line) => line.length <= 80));
    assert.ok(lines(80).filter((line) => line.startsWith('         ')).length > 4);
    assert.equal(lines(30).filter((line) => line.includes('word')).length, 1);
  });

  it('colours the status only', () => {
    const text = reportText(HOST, CHECKS, { color: true });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are
    assert.match(text, /\x1b\[32mok {2}\x1b\[0m {2}kernel {2}Linux\.\n/);
  });

  it('never moves the cursor', () => {
    const text = reportText(HOST, [{ id: 'a', ...ok('\x1b[2Jx') }], { color: false });
    assert.match(text, /\?\[2Jx/);
  });
});
