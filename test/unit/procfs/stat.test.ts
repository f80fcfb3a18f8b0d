// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { readActivity } from '../../../src/procfs/activity.ts';
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

it('a file that is none, as where something is mounted over it', (t) => {
  const at = temporaryFolder(t);
  mkdirSync(at('7', 'task', '7'), { recursive: true });
  const line = readFileSync(`/proc/${process.pid}/stat`, 'latin1');
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
  const read = (changed: readonly string[]) => {
    writeFileSync(at('7', 'task', '7', 'stat'), `7 (a) ${changed.join(' ')}`);
    return readStat(at('7'));
  };
  assert.ok(read(fields));
  // The start, the start of the stack, and the two ends of the environment: fields 22, 28, 50 and 51.
  for (const field of [22, 28, 50, 51]) {
    for (const value of ['', 'x', '-1', '0x1', '1.5', '9'.repeat(21)]) {
      assert.equal(read(fields.with(field - 3, value)), undefined, `${field}: ${value}`);
    }
    assert.equal(read(fields.slice(0, field - 3)), undefined);
  }
});

it('what a process does, from its own file', (t) => {
  const at = temporaryFolder(t);
  const activity = (text: string) => {
    writeFileSync(at('stat'), text);
    return readActivity(at());
  };
  assert.deepEqual(activity(`7 (a) b) R ${'0 '.repeat(10)}3 4 0`), { state: 'R', cpuMs: 70 });
  for (const text of ['', '7 (a)', '7 (a) R', `7 (a) R ${'0 '.repeat(10)}x 4 0`])
    assert.equal(activity(text), undefined, text);
});

it('the process’s own file is not read, as its time grows with the number of threads', (t) => {
  const proc = fakeProc(t);
  proc.put(7, { comm: 'summ' });
  assert.equal(readStat(`${proc.root}/7`)?.comm, 'summ');
});
