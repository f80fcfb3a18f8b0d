// SPDX-License-Identifier: Apache-2.0
// The rights of each process once the agent runs.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { childrenOf } from '../../harness/processes.ts';
import { Agent } from '../support/agent.ts';
import { capabilities } from '../support/deprived.ts';
import { catches, NOBODY, proberOf, rightsOf, rightsOfThreads } from '../support/rights.ts';
import { setUp } from '../support/shell.ts';

/** CAP_DAC_READ_SEARCH, CAP_SYS_PTRACE and CAP_CHECKPOINT_RESTORE. */
const OF_PROBER = (1n << 2n) | (1n << 19n) | (1n << 40n);

/** Asserts that not even a process of the same user can read it. */
function assertClosed(pid: number, user: number): void {
  const words = [`--reuid=${user}`, `--regid=${user}`, '--clear-groups', '--inh-caps=-all', 'cat', `/proc/${pid}/maps`];
  assert.match(spawnSync('setpriv', words, { encoding: 'utf8' }).stderr, /Permission denied/);
}

describe('started as root', () => {
  it('the agent is nobody, in all threads, and the prober has three capabilities', async (t) => {
    const { agent, service } = await setUp(t);
    assert.equal(await service(), 'shop');
    const { supervisor, prober } = await proberOf(agent);
    const nobody = { uids: Array(4).fill(NOBODY), groups: '' };
    for (const rights of rightsOfThreads(agent.pid)) {
      const { noNewPrivileges, ...rest } = rights;
      assert.deepEqual(rest, { ...nobody, permitted: 0n, effective: 0n });
    }
    assert.ok(rightsOf(`/proc/${agent.pid}/status`).noNewPrivileges);
    for (const pid of [supervisor, prober]) {
      for (const rights of rightsOfThreads(pid)) {
        const expected = { ...nobody, permitted: OF_PROBER, effective: OF_PROBER, noNewPrivileges: true };
        assert.deepEqual(rights, expected);
      }
    }
    for (const pid of [agent.pid, supervisor, prober]) assertClosed(pid, NOBODY);
    const { code, stderr } = await agent.stop();
    assert.equal(code, 0, stderr);
  });

  it('the prober and its supervisor have names in ps', async (t) => {
    const { agent, service } = await setUp(t);
    assert.equal(await service(), 'shop');
    const { supervisor, prober } = await proberOf(agent);
    const comm = (pid: number) => readFileSync(`/proc/${pid}/comm`, 'latin1').trimEnd();
    const args = (pid: number) => readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ').trimEnd();
    assert.deepEqual([supervisor, prober].map(comm), ['compactstall-su', 'compactstall-pr']);
    assert.match(
      args(supervisor),
      /^compactstall-supervisor 65534 65534 \S+node .*\/dist\/prober\/main\.js --procfs \/proc --services$/,
    );
    assert.equal(args(prober), 'compactstall-prober');
  });

  it('--user: the agent is that user', async (t) => {
    const { agent } = await setUp(t, ['-o', 'json', '--user', '1234:4321']);
    const { prober } = await proberOf(agent);
    for (const pid of [agent.pid, prober]) {
      assert.deepEqual(rightsOf(`/proc/${pid}/status`).uids, [1234, 1234, 1234, 1234]);
    }
  });

  it('a signal from others does not start Node.js’s debugger, which would have the rights of the process', async (t) => {
    const { agent, service } = await setUp(t);
    assert.equal(await service(), 'shop');
    const { prober } = await proberOf(agent);
    for (const pid of [agent.pid, prober]) assert.ok(!catches(pid, 'SIGUSR1'));
    process.kill(prober, 'SIGUSR1');
    process.kill(agent.pid, 'SIGUSR1');
    assert.equal(await service(), 'shop');
    assert.doesNotMatch(agent.stderr, /Debugger/);
  });

  it('files that the shell left open are not open in the prober', async (t) => {
    const { agent } = await setUp(t, ['-o', 'json'], ['bash', '-c', 'exec 77</dev/null "$0" "$@"']);
    const { supervisor, prober } = await proberOf(agent);
    assert.ok(existsSync(`/proc/${agent.pid}/fd/77`));
    for (const pid of [supervisor, prober]) assert.ok(!existsSync(`/proc/${pid}/fd/77`));
  });

  it('reports it and stays root where securebits would leave other threads their capabilities', async (t) => {
    const { agent } = await setUp(t, ['-o', 'json'], ['setpriv', '--securebits=+no_setuid_fixup']);
    const { stderr } = await agent.stop();
    assert.match(stderr, /Cannot give up privileges: securebits keep them in other threads/);
    assert.doesNotMatch(stderr, /CAP_SETUID/);
  });

  it('--user root stays root', async (t) => {
    const { agent } = await setUp(t, ['-o', 'json', '--user', 'root']);
    assert.deepEqual(rightsOf(`/proc/${agent.pid}/status`).uids, [0, 0, 0, 0]);
  });

  it('compactsnoop is nobody as well', async (t) => {
    const snoop = await new Agent([], { command: 'compactsnoop' }).attached();
    t.after(() => snoop.stop());
    for (const { uids, permitted } of rightsOfThreads(snoop.pid)) {
      assert.deepEqual({ uids, permitted }, { uids: Array(4).fill(NOBODY), permitted: 0n });
    }
  });

  for (const args of [
    ['-o', 'table'],
    ['-o', 'otlp', '--resource', 'host', '--context', 'off'],
  ]) {
    it(`no prober runs for ${args.join(' ')}`, async (t) => {
      const { agent } = await setUp(t, args);
      assert.deepEqual(childrenOf(agent.pid), []);
    });
  }
});

it('another user with capabilities: the agent has none left, and the prober keeps its part of them', async (t) => {
  const list = '-all,+bpf,+perfmon,+syslog,+sys_ptrace,+dac_read_search';
  const user = ['--reuid=1234', '--regid=1234', '--clear-groups'];
  const [setpriv, ...rest] = capabilities(list);
  const { agent, service } = await setUp(t, ['-o', 'json'], [setpriv!, ...user, ...rest]);
  assert.equal(await service(), 'shop');
  for (const { uids, permitted } of rightsOfThreads(agent.pid)) {
    assert.deepEqual({ uids, permitted }, { uids: Array(4).fill(1234), permitted: 0n });
  }
  const { supervisor, prober } = await proberOf(agent);
  for (const pid of [agent.pid, supervisor, prober]) assertClosed(pid, 1234);
  const { uids, effective } = rightsOf(`/proc/${prober}/status`);
  assert.deepEqual({ uids, effective }, { uids: Array(4).fill(1234), effective: (1n << 2n) | (1n << 19n) });
  const { code, stderr } = await agent.stop();
  assert.equal(code, 0, stderr);
});
