// SPDX-License-Identifier: Apache-2.0
// The kernel ends the load of a program with EAGAIN when a signal is pending, and libbpf gives up after five tries.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { loadCounter } from './support.ts';

const CHILD = fileURLToPath(new URL('child/profiled.ts', import.meta.url));

it('loads and attaches under a profiler with a signal each 20 us', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'profile-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const words = ['--cpu-prof', '--cpu-prof-interval', '20', '--cpu-prof-dir', folder, CHILD];
  const { status, stdout, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  assert.equal(stdout, 'loaded\n');
});

it('signals reach the process afterwards', async () => {
  loadCounter().close();
  const { promise, resolve } = Promise.withResolvers<void>();
  process.once('SIGWINCH', () => resolve());
  process.kill(process.pid, 'SIGWINCH');
  await promise;
});
