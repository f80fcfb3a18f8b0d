// SPDX-License-Identifier: Apache-2.0
// The messages of the commands, and the behaviour of npm test, on a host that refuses bpf(2), like seccomp in containers.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runDeprived } from '../support/deprived.ts';

const REFUSE_BPF = fileURLToPath(new URL('../../harness/programs/refusal/build/refuse-bpf', import.meta.url));
const WHY = 'every call of bpf(2) is refused (EPERM), whatever capabilities this process has.';

it('run: reports it, and how to allow it, exit code 3', () => {
  const { status, stderr } = runDeprived([REFUSE_BPF], ['-d', '1']);
  assert.equal(status, 3, stderr);
  assert.equal(stderr.split('\n').length, 2, stderr);
  assert.ok(stderr.startsWith(`compactstall: ${WHY} In a container its seccomp profile`), stderr);
});

it('doctor: the same words', () => {
  const { status, stdout } = runDeprived([REFUSE_BPF], ['doctor', '--json']);
  assert.equal(status, 3, stdout);
  const { checks } = JSON.parse(stdout);
  assert.equal(checks.find(({ id }: { id: string }) => id === 'attach').why, WHY);
});

it('npm test: leaves the live tests out, with the same reason', () => {
  const program = `const { missingForLive } = await import('${import.meta.resolve('../runner/host.ts')}'); console.log(await missingForLive())`;
  const words = [process.execPath, '--input-type=module', '--eval', program];
  assert.equal(spawnSync(REFUSE_BPF, words, { encoding: 'utf8' }).stdout, `${WHY}\n`);
});
