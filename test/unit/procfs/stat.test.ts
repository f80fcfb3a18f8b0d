// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { it, type TestContext } from 'node:test';
import { readStat } from '../../../src/procfs/stat.ts';
import { temporaryFolder } from '../fixtures.ts';
import { fakeProc } from '../prober/service/proc.ts';

/** A folder in which the main thread's file has the contents of the process's own. */
function ofProcess(t: TestContext, pid: number) {
  const at = temporaryFolder(t);
  mkdirSync(at(`${pid}`, 'task', `${pid}`), { recursive: true });
  writeFileSync(at(`${pid}`, 'task', `${pid}`, 'stat'), readFileSync(`/proc/${pid}/stat`));
  return readStat(at(`${pid}`));
}

it('the main thread’s file has the same values as the process’s own', (t) => {
  const status = readStat(`/proc/${process.pid}`);
  assert.ok(status && status.startedNs > 0n && status.startStack > 0n && status.environmentAt > 0n);
  assert.deepEqual(status, ofProcess(t, process.pid));
});

it('the process’s own file is not read, as its time grows with the number of threads', (t) => {
  const proc = fakeProc(t);
  proc.put(7, { comm: 'summ' });
  assert.equal(readStat(`${proc.root}/7`)?.comm, 'summ');
});
