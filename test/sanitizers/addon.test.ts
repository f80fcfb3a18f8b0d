// SPDX-License-Identifier: Apache-2.0
// The tests of bpf-loader-native again, with an addon that AddressSanitizer and UndefinedBehaviorSanitizer watch.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { it, type TestContext } from 'node:test';
import { ROOT } from '../runner/layers.ts';
import { temporaryFolder } from '../unit/fixtures.ts';
import { sanitizedEnvironment } from './environment.ts';

const PACKAGE = `${ROOT}native/bpf-loader`;
const ADDON = 'build/sanitized/bpf_loader.node';

/** A folder that is the package with this addon as the one that it built. */
function packageWith(t: TestContext, addon: string): string {
  const folder = temporaryFolder(t)('package');
  mkdirSync(join(folder, 'build'), { recursive: true });
  for (const part of ['src', 'test', 'package.json'])
    cpSync(join(PACKAGE, part), join(folder, part), { recursive: true });
  copyFileSync(join(PACKAGE, 'build/test.bpf.o'), join(folder, 'build/test.bpf.o'));
  copyFileSync(addon, join(folder, 'build/bpf_loader.node'));
  return folder;
}

function runTests(folder: string, files: readonly string[], ...flags: string[]) {
  const args = ['--test', '--test-concurrency=1', ...flags, ...files.map((file) => `test/${file}`)];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: folder,
    env: sanitizedEnvironment(),
    encoding: 'utf8',
  });
  return { status, text: stdout + stderr };
}

it('the tests of the addon report nothing', (t) => {
  const folder = packageWith(t, join(PACKAGE, ADDON));
  const files = readdirSync(join(folder, 'test')).filter((name) => name.endsWith('.test.ts'));
  const { status, text } = runTests(folder, files);
  assert.equal(status, 0, text);
  assert.doesNotMatch(text, /Sanitizer|runtime error/);
  assert.match(text, /^ℹ skipped 0$/m);
  assert.ok(Number(/^ℹ pass (\d+)$/m.exec(text)?.[1]) > 100, text);
});

for (const [what, statement, report] of [
  [
    'a read beyond an array',
    'volatile int at = 4; int few[4] = {1, 2, 3, 4}; volatile int got = few[at]; (void)got;',
    /AddressSanitizer: stack-buffer-overflow|runtime error: index 4 out of bounds/,
  ],
  [
    'a use after free',
    'int *gone = new int(1); delete gone; volatile int got = *gone; (void)got;',
    /AddressSanitizer: heap-use-after-free/,
  ],
  [
    'an overflow',
    'volatile int most = 2147483647; volatile int got = most + 1; (void)got;',
    /runtime error: signed integer overflow/,
  ],
] as const) {
  it(`${what} in the addon is reported`, (t) => {
    const folder = temporaryFolder(t)('faulty');
    for (const part of ['cpp', 'Makefile', 'build/sanitized']) {
      cpSync(join(PACKAGE, part), join(folder, part), { recursive: true, preserveTimestamps: true });
    }
    const source = join(folder, 'cpp/clocks.cc');
    const begin = 'Clocks readClocks() {\n';
    const text = readFileSync(source, 'utf8');
    assert.ok(text.includes(begin));
    writeFileSync(source, text.replace(begin, `${begin}  { ${statement} }\n`));
    // Only that file is compiled again.
    const modules = ['modules=node-addon-api', 'api=node-api-headers'].map((one) =>
      one.replace('=', `=${ROOT}node_modules/`),
    );
    execFileSync('make', ['--silent', '-o', 'Makefile', '-C', folder, 'sanitized', 'CXXFLAGS=-Wno-error', ...modules], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const found = runTests(packageWith(t, join(folder, ADDON)), ['object.test.ts'], '--test-name-pattern=^clocks$');
    assert.notEqual(found.status, 0);
    assert.match(found.text, report);
    assert.match(found.text, /clocks\.cc/);
  });
}
