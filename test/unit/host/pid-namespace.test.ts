// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { statSync, symlinkSync } from 'node:fs';
import { describe, it, type TestContext } from 'node:test';
import { ownPid, pidNamespace } from '../../../src/host/pid-namespace.ts';
import { folderWith } from '../doctor/host-files.ts';
import { statLine } from '../prober/service/proc.ts';

const KTHREAD = { comm: 'kthreadd', kernelThread: true };

/** A procfs in which this process is `self`; undefined when it is not in its namespace. */
function procfs(t: TestContext, self: string | undefined, files: Readonly<Record<string, string>>) {
  const at = folderWith(t, files);
  if (self !== undefined) symlinkSync(self, at('self'));
  return at;
}

describe('whose pids a procfs shows', () => {
  it('of this test: its own namespace', () => {
    const { ino: inode, dev: device } = statSync('/proc/self/ns/pid');
    assert.deepEqual(pidNamespace(), { inode, device, isFirst: inode === 4026531836 });
    assert.equal(ownPid(), process.pid);
  });

  it('this process has one pid there: its own namespace', (t) => {
    const at = procfs(t, '7', { '7/status': 'Name:\tnode\nNSpid:\t7\n', '7/ns/pid': '', '1/ns/pid': '' });
    assert.equal(pidNamespace(at())?.inode, statSync(at('7/ns/pid')).ino);
    assert.equal(ownPid(at()), 7);
  });

  it('it has more: that of the first process there, not its own', (t) => {
    const at = procfs(t, '712', { '712/status': 'NSpid:\t712\t7\n', '712/ns/pid': '', '1/ns/pid': '' });
    assert.equal(pidNamespace(at())?.inode, statSync(at('1/ns/pid')).ino);
  });

  it('it has none: that of the first process there', (t) => {
    const at = procfs(t, undefined, { '1/ns/pid': '' });
    assert.equal(pidNamespace(at())?.inode, statSync(at('1/ns/pid')).ino);
    assert.equal(ownPid(at()), undefined);
  });

  it('without the right to see that: the first namespace is known by its kernel threads', (t) => {
    const status = { '712/status': 'NSpid:\t712\t7\n' };
    const first = procfs(t, '712', { ...status, '2/task/2/stat': statLine(2, KTHREAD) });
    assert.equal(pidNamespace(first())?.isFirst, true);
    const other = procfs(t, '712', { ...status, '2/task/2/stat': statLine(2, { comm: 'sh' }) });
    assert.equal(pidNamespace(other()), undefined);
  });

  it('a kernel without PID namespaces has only the first', (t) => {
    assert.equal(pidNamespace(procfs(t, '7', { '7/status': 'Name:\tnode\n' })())?.isFirst, true);
  });

  it('without a procfs it is unknown', () => {
    assert.equal(pidNamespace('/nonexistent'), undefined);
  });
});
