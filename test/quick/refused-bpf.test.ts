// SPDX-License-Identifier: Apache-2.0
// The messages of the commands, and the behaviour of npm test, on a host that refuses bpf(2), like seccomp in containers.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Deprivation, hidden, runDeprived } from '../support/deprived.ts';

const REFUSE = fileURLToPath(new URL('../../harness/programs/refusal/build/refuse', import.meta.url));
const REFUSE_BPF = [REFUSE, 'bpf', 'EPERM'];
const BUILT = fileURLToPath(new URL('../../bpf/build/', import.meta.url));
const WHY = (errno: string) =>
  `every call of bpf(2) is refused (${errno}), although the capabilities are there: a seccomp filter is in force.`;

// Profiles that deny answer EPERM; those that play an older kernel, as of podman, ENOSYS.
for (const errno of ['EPERM', 'EACCES', 'ENOSYS']) {
  it(`run, ${errno}: reports it, and how to allow it, exit code 3`, () => {
    const { status, stderr } = runDeprived([REFUSE, 'bpf', errno], ['-d', '1']);
    assert.equal(status, 3, stderr);
    assert.equal(stderr.split('\n').length, 2, stderr);
    assert.ok(stderr.startsWith(`compactstall: ${WHY(errno)} Let the seccomp profile allow bpf`), stderr);
    assert.match(stderr, /docker or podman.*Kubernetes.*SystemCallFilter=.*systemd/);
  });

  it(`doctor, ${errno}: the same words`, () => {
    const { status, stdout } = runDeprived([REFUSE, 'bpf', errno], ['doctor', '--json']);
    assert.equal(status, 3, stdout);
    const { checks } = JSON.parse(stdout);
    assert.equal(checks.find(({ id }: { id: string }) => id === 'attach').why, WHY(errno));
  });
}

it('a call that the prober needs, capset(2): named, with the cause that was established', () => {
  const { status, stderr } = runDeprived([REFUSE, 'capset', 'EPERM'], ['-d', '1', '-o', 'json']);
  assert.equal(status, 0, stderr);
  assert.match(
    stderr,
    /cannot start the prober, .*: capset: Operation not permitted\. .*A seccomp filter is in force: see/,
  );
  assert.doesNotMatch(stderr, /setup\.sh/);
});

/** The reason of npm test for leaving the live tests out. */
function obstacleOf(deprivation: Deprivation): unknown {
  const program = `const { missingForLive } = await import('${import.meta.resolve('../runner/host.ts')}'); console.log(JSON.stringify(await missingForLive()))`;
  const [command, ...words] = [...deprivation, process.execPath, '--input-type=module', '--eval', program];
  return JSON.parse(spawnSync(command!, words, { encoding: 'utf8' }).stdout);
}

it('npm test: leaves the live tests out, with the same reason', () => {
  assert.deepEqual(obstacleOf(REFUSE_BPF), { why: WHY('EPERM'), ofHost: true });
});

it('npm test: a build that is not whole is not the fault of the host', () => {
  const { why, ofHost } = obstacleOf(hidden(BUILT)) as { why: string; ofHost: boolean };
  assert.match(why, /^the BPF object is missing: /);
  assert.equal(ofHost, false);
});
