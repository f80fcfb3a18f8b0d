// SPDX-License-Identifier: Apache-2.0
// The agent in other namespaces than the first: of PIDs, as in containers, WSL, LXC and kind, and of time.
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { COMPACT_NODE0, compact, populatedZones } from '../../harness/host.ts';
import type { CompactionEvent } from '../../src/event/event.ts';
import { Agent, type Finished, parseLines } from '../support/agent.ts';
import { assertNothingLost, termOf } from '../support/books.ts';
import { HOSTS_PROC, PID_NAMESPACE, runDeprived, TIME_NAMESPACE } from '../support/deprived.ts';
import { childOf, pidsOf } from '../support/namespaces.ts';
import { contextOf, Stalls } from '../support/stalls.ts';

const ZONES = populatedZones().filter(({ node }) => node === 0).length;
/** One thread; the test of trace contexts has more. */
const ONE = { threads: 2 };

/** An attached agent, which also ends with a failed test. */
async function attached(t: TestContext, under: readonly string[], ...args: string[]): Promise<Agent> {
  const agent = new Agent(['-o', 'json', ...args], { under, books: true });
  t.after(() => agent.child.kill('SIGKILL'));
  return agent.attached();
}

/** Stops an agent that `unshare --fork` started: signals to unshare do not reach it. */
async function stop(agent: Agent): Promise<Finished> {
  process.kill(await childOf(agent.pid), 'SIGTERM');
  return agent.finished;
}

/** Stalls until the process is known, and once more. @returns the events of the last stall of each thread */
async function knownStalls(agent: Agent, program: Stalls, pid: number): Promise<CompactionEvent[]> {
  const own = () => agent.events().filter((event) => event.pid === pid);
  let made = 0;
  do {
    await program.make(1);
    made += 1;
    await agent.until(() => own().length === made * 2 * ZONES);
  } while (!own().some(({ context }) => context));
  await program.make(1);
  await agent.until(() => own().length === (made + 1) * 2 * ZONES);
  const last = own().slice(-2 * ZONES);
  for (const { tid, context, executable, resource } of last) {
    if (context) assert.deepEqual(context, contextOf(tid, made + 1));
    assert.equal(executable, 'program');
    assert.equal(resource?.['service.name'], 'unknown_service:program');
  }
  assert.equal(last.filter(({ context }) => context).length, ZONES, 'one of two threads publishes spans');
  return last;
}

/** An agent in a PID namespace, and how to start programs there. */
async function agentInPidNamespace(t: TestContext, ...args: string[]) {
  const agent = await attached(t, PID_NAMESPACE, ...args);
  const inside = await childOf(agent.pid);
  const start = async (...under: string[]) => {
    const program = new Stalls('glibc/program', {
      ...ONE,
      under: ['nsenter', `--target=${inside}`, '--pid', '--', ...under],
    });
    t.after(() => program.end());
    let pid = await childOf(program.pid);
    if (under.length > 0) pid = await childOf(pid);
    return { program, pids: pidsOf(pid) };
  };
  return { agent, start };
}

describe('in a PID namespace', () => {
  it('pids are those of the namespace; services and spans are found', async (t) => {
    const { agent, start } = await agentInPidNamespace(t, '--verify');
    const { program, pids } = await start();
    assert.equal(pids.length, 2);
    const events = await knownStalls(agent, program, pids[1]!);
    assert.ok(events.every(({ tid, pid }) => tid > 0 && tid < pid + 100));
    assertNothingLost(await stop(agent));
  });

  it('a process in a namespace within it, as of a container, has its pid of the agent’s', async (t) => {
    const { agent, start } = await agentInPidNamespace(t);
    const { program, pids } = await start('unshare', '--pid', '--fork');
    assert.equal(pids.length, 3);
    assert.notEqual(pids[1], pids[2]);
    // Its threads name themselves in their spans by their innermost ids, so only the agent's own words are compared.
    const own = () => agent.events().filter(({ pid }) => pid === pids[1]);
    await program.make(1);
    await agent.until(() => own().length === 2 * ZONES);
    assert.ok(own().every(({ executable }) => executable === 'program'));
    assertNothingLost(await stop(agent));
  });

  it('a process outside of it has pid 0, no service and no span', async (t) => {
    const { agent } = await agentInPidNamespace(t);
    compact(COMPACT_NODE0, 1);
    await agent.until(() => agent.events().length === ZONES);
    for (const { pid, tid, context, resource, executable } of agent.events()) {
      assert.deepEqual([pid, tid, context, resource, executable], [0, 0, undefined, undefined, undefined]);
    }
    const finished = await stop(agent);
    assertNothingLost(finished);
    assert.match(finished.stderr, /^compactstall: \/proc shows the pids of one PID namespace, .* have pid 0/m);
  });

  it('--pid is the pid that its user sees', async (t) => {
    const { agent, start } = await agentInPidNamespace(t);
    const { program, pids } = await start();
    const inside = await childOf(agent.pid);
    const enter = ['nsenter', `--target=${inside}`, '--pid', '--mount'];
    const filtered = await attached(t, enter, '-p', `${pids[1]}`);
    compact(COMPACT_NODE0, 1);
    await program.make(1);
    await filtered.until(() => filtered.events().length === 2 * ZONES);
    const finished = await stop(filtered);
    const books = assertNothingLost(finished);
    assert.ok(parseLines(finished.stdout).every(({ pid }) => pid === pids[1]));
    assert.equal(termOf(books, 'paired', 'filtered{pid}'), ZONES);
    const none = runDeprived(enter, ['-p', `${process.pid}`]);
    assert.equal(none.status, 2);
    assert.match(none.stderr, /there is no such process/);
    await stop(agent);
  });

  it('doctor --pid says what happens', async (t) => {
    const { agent, start } = await agentInPidNamespace(t);
    const { pids } = await start();
    const enter = ['nsenter', `--target=${await childOf(agent.pid)}`, '--pid', '--mount'];
    const { stdout } = runDeprived(enter, ['doctor', '--pid', `${pids[1]}`]);
    assert.match(stdout, new RegExp(`${pids[1]} is program, service unknown_service:program`));
    assert.match(stdout, /A stall in a span is its child/);
    assert.match(stdout, /^ok +prober +the prober starts and answers/m);
    await stop(agent);
  });

  it('--procfs with the host’s /proc: pids, services and spans of the host', async (t) => {
    const program = new Stalls('glibc/program', ONE);
    t.after(() => program.end());
    const agent = await attached(t, HOSTS_PROC, '--procfs', '/mnt/proc', '--pid', `${program.pid}`);
    await knownStalls(agent, program, program.pid);
    const finished = await stop(agent);
    assertNothingLost(finished);
    assert.doesNotMatch(finished.stderr, /shows the pids/);
  });

  it('a /proc of the host over its own: the same', async (t) => {
    const program = new Stalls('glibc/program', ONE);
    t.after(() => program.end());
    const agent = await attached(t, ['unshare', '--pid', '--fork', '--kill-child'], '--pid', `${program.pid}`);
    await knownStalls(agent, program, program.pid);
    assertNothingLost(await stop(agent));
  });

  it('without the right to know whose pids /proc has: no pids, and --pid is refused', () => {
    const under = ['unshare', '--pid', '--fork', 'setpriv', '--bounding-set=-sys_ptrace', '--inh-caps=-sys_ptrace'];
    const hidden = runDeprived([...under, 'unshare', '--mount', 'sh', '-ec', HIDE_KTHREADD], ['-d', '0.2']);
    assert.match(hidden.stderr, /^compactstall: it cannot be known whose pids \/proc shows: .* grant CAP_SYS_PTRACE/m);
    const refused = runDeprived([...under, 'unshare', '--mount', 'sh', '-ec', HIDE_KTHREADD], ['-p', '1']);
    assert.equal(refused.status, 2, refused.stderr);
    assert.match(refused.stderr, /--pid 1: it cannot be known whose pids/);
  });
});

/** As where the /proc of a namespace between the first and this one is mounted. */
const HIDE_KTHREADD = 'mount -t tmpfs none /proc/2; exec "$0" "$@"';

describe('in a time namespace', () => {
  it('spans have the right times; services and spans are found', async (t) => {
    const program = new Stalls('glibc/program', ONE);
    t.after(() => program.end());
    const agent = await attached(t, TIME_NAMESPACE);
    const before = Date.now();
    const events = await knownStalls(agent, program, program.pid);
    const after = Date.now();
    for (const { startUnixNano } of events) {
      const start = Number(BigInt(startUnixNano) / 1_000_000n);
      assert.ok(before <= start && start <= after, `${before} <= ${start} <= ${after}`);
    }
    assertNothingLost(await stop(agent));
  });

  it('doctor says so', () => {
    const { stdout } = runDeprived(TIME_NAMESPACE, ['doctor']);
    assert.match(stdout, /^ok +clock .*time namespace, whose offsets .* are subtracted/m);
  });
});
