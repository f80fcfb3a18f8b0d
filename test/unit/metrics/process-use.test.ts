// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { ownUse, proberUse } from '../../../src/metrics/process-use.ts';

test('this process', () => {
  const { role, userSeconds, memoryBytes } = ownUse();
  assert.equal(role, 'agent');
  assert.ok(userSeconds > 0 && userSeconds < 3600);
  assert.ok(memoryBytes > 10e6 && memoryBytes < 10e9);
});

const HAS_CHILDREN = existsSync(`/proc/self/task/${process.pid}/children`);

test('a supervisor with its child, and with the children that have ended', {
  skip: !HAS_CHILDREN && 'no CONFIG_PROC_CHILDREN',
}, async (t) => {
  // A first child works and ends; a second one waits.
  const script = `${process.execPath} -e 'while (process.cpuUsage().user < 3e5);'; ${process.execPath} -e 'console.log(1); setInterval(() => {}, 1e6)' & wait`;
  const supervisor = spawn('sh', ['-c', script], { stdio: ['ignore', 'pipe', 'inherit'], detached: true });
  t.after(() => process.kill(-supervisor.pid!, 'SIGKILL'));
  await once(supervisor.stdout!, 'data');
  const use = proberUse(supervisor.pid!)!;
  assert.equal(use.role, 'prober');
  // The CPU time of the first, the memory of the second.
  assert.ok(use.userSeconds >= 0.25, JSON.stringify(use));
  assert.ok(use.memoryBytes > 20e6, JSON.stringify(use));
});

test('one that has ended is not known', async () => {
  const ended = spawn('true');
  await once(ended, 'close');
  assert.equal(proberUse(ended.pid!), undefined);
});
