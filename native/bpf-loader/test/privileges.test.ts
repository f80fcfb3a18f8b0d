// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';

const at = (name: string) => fileURLToPath(new URL(`child/${name}`, import.meta.url));

it('a thread that blocks signals: they are kept, and the signal that it takes later does not end the process', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'privileges-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const library = join(folder, 'thread.so');
  // Node.js closes what is no addon, and the thread has to stay.
  execFileSync('cc', ['-shared', '-fPIC', '-pthread', '-Wl,-z,nodelete', '-o', library, at('blocking-thread.c')]);
  // Without the thread of Node.js that blocks signals for good.
  const { status, signal, stdout } = spawnSync(process.execPath, ['--disable-sigusr1', at('blocked.ts'), library], {
    encoding: 'utf8',
    env: { ...process.env, UNBLOCK: join(folder, 'unblock') },
  });
  assert.deepEqual([status, signal], [0, null]);
  assert.match(stdout, /^Cannot give up privileges: thread \d+ blocks signals: Connection timed out\.\nlives\n$/);
});
