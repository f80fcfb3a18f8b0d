// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { it } from 'node:test';
import { languageOf } from '../../../../src/prober/service/language.ts';
import { fakeProc } from './proc.ts';

const mapped = (path: string) => `7f0000000000-7f0000001000 r-xp 00000000 08:01 42 ${path}\n`;

it('a program is known by its executable, or by the library of its runtime', (t) => {
  const proc = fakeProc(t);
  for (const [exe, library, found] of [
    ['/usr/bin/python3.11', '/usr/lib/libc.so.6', { language: 'python', version: '3.11' }],
    ['/usr/bin/uwsgi', '/usr/lib/libpython3.9.so.1.0', { language: 'python', version: '3.9' }],
    ['/opt/python/bin/python3.14', '/opt/python/lib/libpython3.14t.so.1.0', { language: 'python', version: '3.14' }],
    ['/usr/lib/jvm/bin/java', '/usr/lib/jvm/lib/server/libjvm.so', { language: 'java' }],
    ['/srv/shop', '/usr/lib/dotnet/libcoreclr.so', { language: 'dotnet' }],
    ['/usr/bin/ruby3.1', '/usr/lib/libruby-3.1.so.3.1', { language: 'ruby' }],
    ['/usr/sbin/php-fpm8.2', '/usr/lib/libc.so.6', { language: 'php' }],
    ['/usr/lib/erlang/bin/beam.smp', '/usr/lib/libc.so.6', { language: 'erlang' }],
    ['/usr/bin/nginx', '/usr/lib/libc.so.6', {}],
    ['/usr/bin/python-config', '/usr/lib/libjvm.so.old', {}],
  ] as const) {
    proc.put(7, { exe, maps: mapped(library) });
    assert.deepEqual(languageOf(7, proc.root), found, exe);
  }
});

it('real programs: Node.js, and one that is none of these', async () => {
  assert.deepEqual(languageOf(process.pid), { language: 'nodejs' });
  const shell = spawn('sh', ['-c', 'echo; read -r _'], { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(shell.stdout, 'data');
  assert.deepEqual(languageOf(shell.pid!), {});
  shell.stdin.end();
});

it('a process that has ended is none', () => assert.deepEqual(languageOf(2 ** 22 + 1), {}));
