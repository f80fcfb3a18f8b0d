// SPDX-License-Identifier: Apache-2.0
// The table of compactions in progress: the kernel's code, compiled for this host, with threads that take and leave places at once.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const folder = mkdtempSync(join(tmpdir(), 'compactstall-in-progress-'));
after(() => rmSync(folder, { recursive: true }));
const PROGRAM = join(folder, 'in-progress');
execFileSync('cc', [
  ...['-O1', '-Wall', '-Werror', '-Wno-unknown-pragmas', '-pthread', '-o', PROGRAM],
  fileURLToPath(new URL('in-progress.c', import.meta.url)),
]);

/** Threads whose ids have these last bits in common have the same choice of places. */
const SAME_CHOICES = 512;
const CHOICES = 16;
const SAME_FIRST_CHOICE = SAME_CHOICES * CHOICES;

function compact(threads: number, times: number, step: number, { together }: { together: boolean }) {
  const numbers = execFileSync(PROGRAM, [threads, times, step, Number(together)].map(String), { encoding: 'utf8' })
    .split(' ')
    .map(Number);
  const [begins, taken, tableFull, overwritten, shared, notFound] = numbers;
  return { begins, taken, tableFull, overwritten, shared, notFound };
}

describe('the table of compactions in progress', () => {
  it('has a place for each of many threads whose ids are in a row', () => {
    assert.deepEqual(compact(64, 100, 1, { together: true }), {
      ...{ begins: 6400, taken: 6400, tableFull: 0 },
      ...{ overwritten: 0, shared: 0, notFound: 0 },
    });
  });

  it('never gives one place to two threads, and finds each again', () => {
    const { begins, taken, tableFull, ...wrong } = compact(4, 1_000_000, SAME_FIRST_CHOICE, { together: false });
    assert.equal(begins, 4_000_000);
    assert.equal(taken! + tableFull!, begins);
    assert.deepEqual(wrong, { overwritten: 0, shared: 0, notFound: 0 });
  });

  it('counts a begin for which none of its places is free', () => {
    const { begins, taken, tableFull, ...wrong } = compact(CHOICES + 3, 50, SAME_CHOICES, { together: true });
    assert.equal(begins, 50 * (CHOICES + 3));
    assert.equal(taken! + tableFull!, begins);
    assert.ok(tableFull! >= 50 * 3, `${tableFull}`);
    assert.deepEqual(wrong, { overwritten: 0, shared: 0, notFound: 0 });
  });
});
