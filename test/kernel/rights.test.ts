// SPDX-License-Identifier: Apache-2.0
// Rights and limits that a container or a unit leaves: what is reported, and that the agent gives up what it has.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Check } from '../../src/doctor/check.ts';
import { Agent } from '../support/agent.ts';
import { capabilities, HIDDEN_PROCESSES, limited, runDeprived, user } from '../support/deprived.ts';
import { rightsOfThreads } from '../support/rights.ts';

const SNOOP = fileURLToPath(new URL('../../dist/bin/compactsnoop', import.meta.url));
const SIX = '-all,+bpf,+perfmon,+syslog,+sys_ptrace,+dac_read_search,+checkpoint_restore';

describe('root with the documented capabilities, but those for another user', () => {
  it('stays root without any capability, in all threads, and says so', async () => {
    const agent = await new Agent(['-o', 'json'], { under: capabilities(SIX) }).attached();
    for (const { uids, permitted, effective, noNewPrivileges } of rightsOfThreads(agent.pid)) {
      assert.deepEqual({ uids, permitted, effective }, { uids: [0, 0, 0, 0], permitted: 0n, effective: 0n });
      assert.ok(noNewPrivileges);
    }
    const { code, stderr } = await agent.stop();
    assert.equal(code, 0, stderr);
    assert.match(stderr, /^compactstall: stays root, but has given up its capabilities: it may not change its user\./m);
    assert.doesNotMatch(stderr, /Cannot give up/);
  });

  it('doctor has nothing to warn of', () => {
    const { checks } = JSON.parse(runDeprived(capabilities(SIX), ['doctor', '--json']).stdout);
    const status = (id: string) => checks.find((check: Check) => check.id === id).status;
    for (const id of ['capabilities', 'optional_capabilities', 'attach']) assert.equal(status(id), 'ok');
  });
});

describe('root without the capabilities', () => {
  it('is told how to have them added; sudo would not help', () => {
    const { status, stderr } = runDeprived(capabilities('-bpf,-perfmon,-sys_admin'), ['-d', '0.2']);
    assert.equal(status, 3, stderr);
    assert.match(stderr, /--cap-add BPF --cap-add PERFMON with docker or podman, .*Kubernetes, .*systemd unit\.\n$/);
    assert.doesNotMatch(stderr, /sudo/);
  });
});

describe('a /proc that hides the processes of others (hidepid)', () => {
  const list = '-all,+bpf,+perfmon,+sys_ptrace,+dac_read_search';
  const under = [
    ...HIDDEN_PROCESSES,
    ...user(1234, `--inh-caps=${list}`, `--ambient-caps=${list}`, `--bounding-set=${list}`),
  ];

  it('--pid of a process of another user exists', () => {
    const { status, stderr } = runDeprived(under, ['-d', '0.2', '-o', 'none', '--pid', `${process.pid}`]);
    assert.equal(status, 0, stderr);
  });

  it('doctor --pid finds it', () => {
    const { status, stdout, stderr } = runDeprived(under, ['doctor', '--json', '--pid', `${process.pid}`]);
    assert.equal(status, 0, stderr);
    assert.ok(JSON.parse(stdout).checks.at(-1).why.startsWith(`${process.pid} is node`), stdout);
  });

  it('one that does not exist is still refused', () => {
    const { status, stderr } = runDeprived(under, ['-d', '0.2', '--pid', '4194304']);
    assert.equal(status, 2, stderr);
    assert.match(stderr, /there is no such process/);
  });
});

describe('few file descriptors', () => {
  const sentence =
    /^compactstall: only \d+ more files can be opened, but 80 are needed\. Raise the limit of open files: .*\n$/;

  for (const limit of [28, 40, 48, 80]) {
    it(`ulimit -n ${limit}: a sentence before anything is attached, exit code 3`, () => {
      const { status, stdout, stderr } = runDeprived(limited(`-n ${limit}`), ['-d', '0.2', '-o', 'json']);
      assert.equal(status, 3, stderr);
      assert.match(stderr, sentence);
      assert.equal(stdout, '');
    });
  }

  it('doctor and compactsnoop say the same', () => {
    const { stdout } = runDeprived(limited('-n 48'), ['doctor', '--json']);
    assert.match(JSON.parse(stdout).checks.find((check: Check) => check.id === 'attach').why, /^only \d+ more files/);
    const snoop = runDeprived(limited('-n 48'), ['-d', '1'], SNOOP);
    assert.equal(snoop.status, 3);
    assert.match(snoop.stderr, /only \d+ more files can be opened/);
  });

  it('a limit of 128 is enough, with a collector', () => {
    const { status, stderr } = runDeprived(
      [...limited('-n 128'), 'env', 'OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:9'],
      ['-d', '0.5', '-o', 'otlp'],
    );
    assert.equal(status, 0, stderr);
  });
});
