// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
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

it('a zombie has ended', async () => {
  // The shell becomes a program that does not wait for its children. Its child ends after that: a shell would reap it.
  const shell = spawn('sh', ['-c', 'exec 3<&0; read -r _ <&3 & echo $!; exec sleep 60'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [text] = await once(shell.stdout, 'data');
  const pid = Number(String(text));
  while (readFileSync(`/proc/${shell.pid}/comm`, 'latin1') !== 'sleep\n') await sleep(5);
  shell.stdin.end('\n');
  while (!/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'))) await sleep(5);
  assert.equal(readStat(`/proc/${pid}`), undefined);
  shell.kill();
});

it('a process on its way out has ended', (t) => {
  const proc = fakeProc(t);
  proc.put(7, { exiting: true });
  assert.equal(readStat(`${proc.root}/7`), undefined);
});

it('the process’s own file is not read, as its time grows with the number of threads', (t) => {
  const proc = fakeProc(t);
  proc.put(7, { comm: 'summ' });
  assert.equal(readStat(`${proc.root}/7`)?.comm, 'summ');
});
