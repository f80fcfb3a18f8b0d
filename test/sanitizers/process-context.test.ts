// SPDX-License-Identifier: Apache-2.0
// The addon that publishes process contexts, which runs in applications, watched by AddressSanitizer and UndefinedBehaviorSanitizer: every way
// through it.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { it, type TestContext } from 'node:test';
import { ROOT } from '../runner/layers.ts';
import { temporaryFolder } from '../unit/fixtures.ts';
import { sanitizedEnvironment } from './environment.ts';

const FOLDER = `${ROOT}native/process-context`;
const BUILT = 'build/sanitized/process_context.node';

/** Another library's process context: it is there as soon as the library is loaded. */
const OTHER = `
#define _GNU_SOURCE
#include <sys/mman.h>
#include <unistd.h>
__attribute__((constructor)) static void publish(void) {
  int fd = memfd_create("OTEL_CTX", 0);
  if (ftruncate(fd, 32) == 0) mmap(0, 32, PROT_READ, MAP_PRIVATE, fd, 0);
}`;

const APPLICATION = `
const { Worker, isMainThread, workerData } = require('node:worker_threads');
const [, , addon, copy, other] = workerData ?? process.argv;
const { publish, leaveToAnother } = require(addon);

if (!isMainThread) {
  for (let i = 0; i < 200; i++) publish(new Uint8Array((i * 37) % 5000), i % 3);
} else {
  const said = [];
  const refused = (...args) => {
    try {
      publish(...args);
    } catch (error) {
      said.push(error.name);
    }
  };
  refused();
  refused(new Uint8Array(1));
  refused(new Uint8Array(1), 'rank');
  refused(new Uint16Array(1), 1);
  refused('text', 1);
  said.push(leaveToAnother());
  for (const bytes of [0, 1, 4096, 1 << 20]) said.push(publish(new Uint8Array(bytes), 2));
  // Of a lower rank, and part of a larger buffer.
  said.push(publish(new Uint8Array(8), 1), publish(new Uint8Array(new ArrayBuffer(64), 60, 4), 2));
  const publications = require(copy);
  said.push(publications.publish(new Uint8Array(1), 9), publications.leaveToAnother());
  const workers = [1, 2, 3, 4].map(() => new Worker(__filename, { workerData: process.argv }));
  Promise.all(workers.map((worker) => new Promise((resolve) => worker.once('exit', resolve)))).then((codes) => {
    said.push(...codes, publish(new Uint8Array(10), 3));
    try {
      process.dlopen({ exports: {} }, other);
    } catch {
      // It is no addon, but it is loaded.
    }
    said.push(publish(new Uint8Array(10), 9), leaveToAnother(), leaveToAnother());
    console.log(said.join(' '));
  });
}`;

/** Runs the application with this addon, a copy of it, and another library. */
function run(t: TestContext, addon: string) {
  const at = temporaryFolder(t);
  writeFileSync(at('application.cjs'), APPLICATION);
  copyFileSync(addon, at('copy.node'));
  writeFileSync(at('other.c'), OTHER);
  execFileSync('gcc', ['-shared', '-fPIC', '-o', at('other.so'), at('other.c')]);
  const args = [at('application.cjs'), addon, at('copy.node'), at('other.so')];
  return spawnSync(process.execPath, args, { env: sanitizedEnvironment(), encoding: 'utf8' });
}

it('every way through it', (t) => {
  const { status, stdout, stderr } = run(t, join(FOLDER, BUILT));
  assert.equal(stderr, '');
  const wrong = Array(5).fill('TypeError');
  const alone = [false, true, true, true, true, false, true];
  const copy = [false, true];
  const afterWorkers = [0, 0, 0, 0, true];
  const besideAnother = [false, true, true];
  assert.equal(stdout, `${[...wrong, ...alone, ...copy, ...afterWorkers, ...besideAnother].join(' ')}\n`);
  assert.equal(status, 0);
});

for (const [what, right, wrong, report] of [
  ['a payload that is freed twice', '  free(old);\n', '  free(old);\n  free(old);\n', /attempting double-free/],
  [
    'a read beyond a payload',
    'memcpy(payload, data, size);',
    'memcpy(payload, data, size + 1);',
    /heap-buffer-overflow/,
  ],
  [
    'an overflow',
    'const uint64_t before = header',
    'volatile int most = 2147483647; most = most + 1; const uint64_t before = header',
    /signed integer overflow/,
  ],
] as const) {
  it(`${what} in it is reported`, (t) => {
    const folder = temporaryFolder(t)('faulty');
    for (const part of ['process_context.c', 'Makefile']) cpSync(join(FOLDER, part), join(folder, part));
    const source = join(folder, 'process_context.c');
    const text = readFileSync(source, 'utf8');
    assert.ok(text.includes(right));
    writeFileSync(source, text.replace(right, wrong));
    // The compiler sees the first one by itself.
    const settings = [`api=${ROOT}node_modules/node-api-headers`, 'CFLAGS=-Wno-use-after-free'];
    execFileSync('make', ['--silent', '-C', folder, 'sanitized', ...settings], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const { status, stderr } = run(t, join(folder, BUILT));
    assert.notEqual(status, 0);
    assert.match(stderr, report);
    assert.match(stderr, /process_context\.c/);
  });
}
