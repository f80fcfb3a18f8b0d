// SPDX-License-Identifier: Apache-2.0
// The supervisor of the prober by itself, watched by AddressSanitizer and UndefinedBehaviorSanitizer: every way through it.
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { it } from 'node:test';
import { ROOT } from '../runner/layers.ts';
import { temporaryFolder } from '../unit/fixtures.ts';

const FOLDER = `${ROOT}native/prober-supervisor`;
const BUILT = 'build/sanitized/compactstall-supervisor';
const NOBODY = ['65534', '65534'];

// Leaks are looked for as a debugger, which a process with another user's id refuses.
const env = { ...process.env, ASAN_OPTIONS: 'detect_leaks=0' };

function run(args: readonly string[], program = join(FOLDER, BUILT)) {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', env });
  return { status, stdout, stderr };
}

const starts = (text: string) => text.match(/^started \d+$/gm)?.length ?? 0;

it('wrong arguments', () => {
  for (const args of [
    [],
    ['0', '0'],
    ['x', '0', '/bin/true'],
    ['', '0', '/bin/true'],
    ['0', '4294967295', '/bin/true'],
    ['0', '9'.repeat(400), '/bin/true'],
  ]) {
    const { status, stderr } = run(args);
    assert.equal(status, 2, stderr);
    assert.match(stderr, /^(usage: compactstall-supervisor|compactstall-supervisor: '.*' is not an id or a number)/);
    assert.doesNotMatch(stderr, /Sanitizer|runtime error/);
  }
});

it('a program that ends well', () => {
  const { status, stdout, stderr } = run([...NOBODY, '/bin/sh', '-c', 'id -u; grep CapEff /proc/self/status']);
  assert.deepEqual([status, stderr], [0, '']);
  // The three capabilities that it has: CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH and CAP_CHECKPOINT_RESTORE.
  assert.match(stdout, /^\nstarted \d+\n65534\nCapEff:\t0000010000080004\n$/);
});

it('a program that fails, is killed, or is not there, is started again', () => {
  const failed = run([...NOBODY, '/bin/false']);
  assert.deepEqual([failed.status, starts(failed.stdout), failed.stderr], [1, 5, '']);
  const file = '/nonexistent/program';
  const missing = run([...NOBODY, file]);
  assert.equal(missing.status, 1);
  assert.equal(missing.stderr, `compactstall-supervisor: ${file}: No such file or directory\n`.repeat(5));
});

it('how many processes can be started', () => {
  for (const most of [0, 1, 7]) assert.equal(run([...NOBODY, '--count', String(most)]).stdout, `${most}\n`);
});

it('SIGUSR1 replaces a program, and other signals are ignored', async () => {
  const supervisor = spawn(join(FOLDER, BUILT), [...NOBODY, '/bin/sh', '-c', 'read -r line; exit 0'], {
    env,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let said = '';
  supervisor.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  let replaced = 0;
  for await (const line of createInterface({ input: supervisor.stdout })) {
    if (!line.startsWith('started ')) continue;
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR2'] as const) supervisor.kill(signal);
    if (replaced++ < 3) supervisor.kill('SIGUSR1');
    else supervisor.stdin.end('\n');
  }
  const status = supervisor.exitCode ?? (await once(supervisor, 'exit'))[0];
  assert.deepEqual([status, said, replaced], [0, '', 4]);
});

it('a write beyond an array in it is reported', (t) => {
  const folder = temporaryFolder(t)('faulty');
  for (const part of ['supervisor.c', 'Makefile']) cpSync(join(FOLDER, part), join(folder, part));
  const source = join(folder, 'supervisor.c');
  const text = readFileSync(source, 'utf8');
  const right = 'sets[2] = {};';
  assert.ok(text.includes(right));
  writeFileSync(source, text.replace(right, 'sets[1] = {};'));
  execFileSync('make', ['--silent', '-C', folder, 'sanitized', 'CFLAGS=-Wno-error'], { stdio: 'ignore' });
  const { status, stderr } = run([...NOBODY, '/bin/true'], join(folder, BUILT));
  assert.notEqual(status, 0);
  assert.match(stderr, /AddressSanitizer: stack-buffer-(over|under)flow|runtime error: index 1 out of bounds/);
});
