// SPDX-License-Identifier: Apache-2.0
// What happens when the prober waits, is slow, dies, or does not start.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, realpathSync } from 'node:fs';
import { basename } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { COMPACT_NODE0 } from '../../harness/host.ts';
import { childrenOf } from '../../harness/processes.ts';
import type { Check } from '../../src/doctor/check.ts';
import { Agent, runToEnd } from '../support/agent.ts';
import { CommandedProgram } from '../support/commanded-program.ts';
import {
  CLOSED_PROBER,
  FAILING_PROBER,
  LATE_PROBER,
  NO_PROBER,
  SILENT_PROBER,
  SLOWLY_FAILING_PROBER,
  STUCK_PROBER,
  UNABLE_PROBER,
} from '../support/deprived.ts';
import { freeze } from '../support/frozen.ts';
import { proberOf } from '../support/rights.ts';
import { eventsOf, Shell, serviceOfNext, setUp, ZONES } from '../support/shell.ts';
import { starve } from '../support/starved.ts';

const HELD = fileURLToPath(new URL('child/held.ts', import.meta.url));
const HOSTILE = fileURLToPath(new URL('../../harness/programs/publishers/build/hostile', import.meta.url));
/** The executable of a shell, and the service of a shell whose memory was not read. */
const EXECUTABLE = basename(realpathSync('/bin/sh'));
const UNKNOWN = `unknown_service:${EXECUTABLE}`;

/** The pid of the prober that replaces others, which have ended or are left behind. */
async function proberAfter(agent: Agent, ...before: number[]): Promise<number> {
  const { supervisor } = await proberOf(agent);
  for (;;) {
    const prober = childrenOf(supervisor).find((pid) => !before.includes(pid));
    if (prober !== undefined) return prober;
    await sleep(10);
  }
}

const isThere = (pid: number): boolean => {
  try {
    return !/^State:\s*Z/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'));
  } catch {
    return false;
  }
};

describe('the prober', () => {
  it('waits forever: that process is left alone, and a known one keeps its service', async (t) => {
    // Without contexts there are no other questions, so the prober waits for this process.
    const { agent, shell, service } = await setUp(t, ['-o', 'json', '--context', 'off']);
    assert.equal(await service(), 'shop');
    const [unknown, other] = [new Shell('till'), new Shell('stock')];
    const { prober } = await proberOf(agent);
    t.after(await freeze(prober));
    assert.equal(await serviceOfNext(agent, unknown), UNKNOWN);
    assert.match(agent.stderr, new RegExp(`process ${unknown.pid} could not be read within 2 s`));
    // Its executable is known without its memory.
    assert.equal(eventsOf(agent, unknown)[0]!.executable, EXECUTABLE);
    const second = await proberAfter(agent, prober);
    t.after(await freeze(second));
    // A known process counts as the same for a second after it was seen.
    await sleep(1100);
    assert.equal(await service(), 'shop');
    assert.match(agent.stderr, new RegExp(`process ${shell.pid} could not be read within 2 s`));
    await proberAfter(agent, prober, second);
    for (const [one, name] of [
      [shell, 'shop'],
      [unknown, UNKNOWN],
      [other, 'stock'],
    ] as const) {
      assert.equal(await serviceOfNext(agent, one), name);
    }
    const { code, stderr } = await agent.stop();
    assert.equal(code, 0, stderr);
  });

  it('is stopped: another one answers, and no process is blamed', async (t) => {
    const { agent, service } = await setUp(t);
    assert.equal(await service(), 'shop');
    const other = new Shell('stock');
    const { prober } = await proberOf(agent);
    process.kill(prober, 'SIGSTOP');
    assert.equal(await serviceOfNext(agent, other), 'stock');
    const { code, stderr } = await agent.stop();
    assert.equal(code, 0, stderr);
    assert.match(stderr, /the prober was stopped by a signal, and is replaced\.$/m);
    assert.doesNotMatch(stderr, /could not be read/);
  });

  it('starts late: stalls wait for it', async (t) => {
    const { agent, service } = await setUp(t, ['-o', 'json'], LATE_PROBER);
    assert.equal(await service(), 'shop');
    const { code, stderr } = await agent.stop();
    assert.equal(code, 0, stderr);
    assert.doesNotMatch(stderr, /the prober|could not be read/);
  });

  it('gets little CPU time: stalls wait for it, and no process is blamed', async (t) => {
    const { agent, service } = await setUp(t, ['-o', 'json']);
    assert.equal(await service(), 'shop');
    // The largest memory map that there is: each look into it takes seconds now. A stall waits for 20 s at most.
    const large = new CommandedProgram(HOSTILE, ['many_mappings', COMPACT_NODE0]);
    t.after(starve((await proberOf(agent)).prober));
    await large.tell('good 1');
    await agent.until(() => agent.events().some(({ pid }) => pid === large.pid));
    assert.equal(await serviceOfNext(agent, new Shell('stock')), 'stock');
    const { code, stderr } = await agent.stop();
    assert.equal(code, 0, stderr);
    assert.doesNotMatch(stderr, /the prober|could not be read/);
    for (const { executable } of agent.events()) assert.ok(['hostile', EXECUTABLE].includes(executable!));
  });

  it('waits forever, and cannot even be killed: another one starts', async (t) => {
    const { agent, service } = await setUp(t, ['-o', 'json', '--context', 'off']);
    assert.equal(await service(), 'shop');
    const other = new Shell('stock');
    const { supervisor, prober } = await proberOf(agent);
    const thaw = await freeze(prober);
    t.after(thaw);
    await sleep(1100);
    assert.equal(await service(), 'shop');
    assert.equal(await serviceOfNext(agent, other), 'stock');
    assert.ok(
      childrenOf(supervisor).includes(prober) && childrenOf(supervisor).length === 2,
      'the first one is still there',
    );
    await thaw();
    while (childrenOf(supervisor).length > 1) await sleep(10);
    assert.equal(await serviceOfNext(agent, other), 'stock');
    const { code, stderr } = await agent.stop();
    assert.equal(code, 0, stderr);
  });

  it('is killed: it restarts', async (t) => {
    const { agent, service } = await setUp(t);
    assert.equal(await service(), 'shop');
    const { prober } = await proberOf(agent);
    process.kill(prober, 'SIGKILL');
    for (let i = 0; i < 3; i++) assert.equal(await service(), 'shop');
    const { code, stderr } = await agent.stop();
    assert.equal(code, 0, stderr);
  });

  it('is killed twice while the agent is stopped: every answer matches its question', async (t) => {
    const { agent } = await setUp(t, ['-o', 'json', '--context', 'off']);
    const shells = ['shop', 'stock', 'cart'].map((name) => ({ name, shell: new Shell(name) }));
    const first = await proberOf(agent);
    process.kill(first.prober, 'SIGSTOP');
    for (const { shell } of shells) await shell.stall();
    // The agent asks about them.
    await sleep(200);
    process.kill(agent.pid, 'SIGSTOP');
    process.kill(first.prober, 'SIGKILL');
    const second = await proberAfter(agent, first.prober);
    // The prober starts, and asks for questions.
    await sleep(500);
    process.kill(second, 'SIGKILL');
    await proberAfter(agent, second);
    process.kill(agent.pid, 'SIGCONT');
    await agent.until(() => shells.every(({ shell }) => eventsOf(agent, shell).length === ZONES));
    for (let i = 0; i < 2; i++) {
      for (const { name, shell } of shells) assert.equal(await serviceOfNext(agent, shell), name);
    }
    for (const { name, shell } of shells) {
      const services = new Set(eventsOf(agent, shell).map(({ resource }) => resource!['service.name']));
      assert.deepEqual([...services], [name]);
    }
  });

  it('answers no question: a stall waits for a few of them, not for all', async (t) => {
    const agent = await new Agent(['-o', 'json', '--context', 'off'], { under: SILENT_PROBER }).attached();
    t.after(() => agent.stop());
    const programs = Array.from({ length: 6 }, () => new Shell());
    // All of them in one batch.
    process.kill(agent.pid, 'SIGSTOP');
    for (const program of programs) await program.stall();
    process.kill(agent.pid, 'SIGCONT');
    const events = () => agent.events();
    const services = () => events().filter(({ pid }) => programs.some((program) => program.pid === pid));
    await agent.until(() => services().length === programs.length * ZONES);
    for (const { resource } of services()) assert.equal(resource!['service.name'], 'unknown_service:sh');
    const { code, stderr } = await agent.stop();
    assert.equal(code, 0, stderr);
    const said = stderr.match(/could not be read/g) ?? [];
    assert.ok(said.length >= 1 && said.length <= 3, stderr);
    assert.match(stderr, /the prober was too late for some stalls, which carry no service/);
  });

  const NOT_FOUND = /: Cannot find module '[^ ]*\/dist\/prober\/main\.js'\. Spans carry no service and no parent\.$/;
  for (const [what, under, reason] of [
    ['is not there', NO_PROBER, NOT_FOUND],
    // If the folder of this project is closed as well, so is its Node.js.
    [
      'may not be read by its user',
      CLOSED_PROBER,
      new RegExp(`${NOT_FOUND.source}|/node: Permission denied\\. Spans carry`),
    ],
  ] as const) {
    it(`${what}: this is reported once, in the words of doctor, and stalls are exported without services`, async (t) => {
      const { agent, service } = await setUp(t, ['-o', 'json'], under);
      await agent.until(() => agent.stderr.includes('the prober'));
      assert.equal(await service(), 'unknown_service:sh');
      const { code, stderr } = await agent.stop();
      assert.equal(code, 0, stderr);
      const { checks } = JSON.parse((await runToEnd(['doctor', '--json'], { under })).stdout) as { checks: Check[] };
      const found = checks.find(({ id }) => id === 'prober')!;
      assert.equal(found.status, 'warn');
      assert.match(found.why, reason);
      // There is no other error of Node.js.
      const said = stderr
        .split('\n')
        .filter((line) => line !== '' && !/^ {2}|attached|compactions,|without CAP_/.test(line));
      assert.equal(said.join('\n'), `compactstall: ${found.why} ${found.status === 'warn' && found.todo}`);
    });
  }

  it('starts where no proc file system is mounted: doctor says so, and blames nothing else', async () => {
    // Without /proc, Node.js knows its own path only if it is started by it.
    const script = 'mount -t tmpfs tmpfs /proc && exec "$0" "$@"';
    const under = ['unshare', '--mount', 'sh', '-c', script];
    const { checks } = JSON.parse((await runToEnd(['doctor', '--json'], { under })).stdout) as { checks: Check[] };
    const { status, why } = checks.find(({ id }) => id === 'prober')!;
    assert.deepEqual([status, why], ['warn', 'the prober starts, but finds no process in /proc.']);
  });

  it('crashes at every question: this is reported, without its stack, and stalls are exported without services', async (t) => {
    const { agent, service } = await setUp(t, ['-o', 'json', '--context', 'off'], FAILING_PROBER);
    assert.equal(await service(), 'unknown_service:sh');
    await agent.until(() => agent.stderr.includes('the prober ended'));
    const { code, stderr } = await agent.stop();
    assert.equal(code, 0, stderr);
    assert.match(stderr, /the prober failed and has restarted: broken\.$/m);
    assert.match(stderr, /the prober ended: broken\. .* Restart compactstall/);
    assert.doesNotMatch(stderr, /^ {4}at |Node\.js v/m);
  });

  it('fails to answer: this is reported once, and stalls are exported without services', async (t) => {
    const { agent, service } = await setUp(t, ['-o', 'json'], UNABLE_PROBER);
    for (let i = 0; i < 2; i++) assert.equal(await service(), 'unknown_service:sh');
    const { code, stderr } = await agent.stop();
    assert.equal(code, 0, stderr);
    assert.equal(
      stderr.match(/the prober failed to answer a question: TypeError: broken\. Please report it\.$/gm)?.length,
      1,
      stderr,
    );
    assert.match(stderr, /probes +\d+ = 0 publishing \+ [1-9]\d* without\{no_answer\} /);
  });

  it('fails slowly: it is not restarted forever', async (t) => {
    const { agent } = await setUp(t, ['-o', 'json', '--context', 'off'], SLOWLY_FAILING_PROBER);
    await agent.until(() => agent.stderr.includes('cannot start the prober'));
    assert.match(agent.stderr, /: broken\. /);
    assert.deepEqual(childrenOf(agent.pid), []);
  });

  it('does not start and does not end: this is reported once, and later stalls do not wait for it', async (t) => {
    const { agent, service } = await setUp(t, ['-o', 'json'], STUCK_PROBER);
    await agent.until(() => /has not started within \d+ s/.test(agent.stderr));
    for (let i = 0; i < 2; i++) assert.equal(await service(), 'unknown_service:sh');
    const { code, stderr } = await agent.stop();
    assert.equal(code, 0, stderr);
    assert.equal(stderr.match(/the prober/g)!.length, 1, stderr);
  });

  it('does not start: the number of stalls that wait for it is limited', async () => {
    const [first, ...rest] = [...STUCK_PROBER, process.execPath, HELD];
    const { stdout, stderr } = spawnSync(first!, rest, { encoding: 'utf8', timeout: 120_000 });
    assert.equal(stderr, '');
    const { told, delivered, mostHeld, warnings } = JSON.parse(stdout);
    assert.equal(warnings.length, 1);
    assert.match(warnings[0], /^the prober was too late for some stalls/);
    assert.equal(delivered, told);
    assert.ok(mostHeld > 30_000 && mostHeld <= 32_768, stdout);
  });

  it('and its supervisor are killed: this is reported, and stalls are exported without services', async (t) => {
    const { agent, service } = await setUp(t);
    assert.equal(await service(), 'shop');
    const { supervisor } = await proberOf(agent);
    process.kill(supervisor, 'SIGKILL');
    await agent.until(() => agent.stderr.includes('the prober ended'));
    // The first is still known for a second.
    assert.equal(await serviceOfNext(agent, new Shell()), 'unknown_service:sh');
    const { code, stderr } = await agent.stop();
    assert.equal(code, 0, stderr);
  });

  it('and the agent end with a parent, if setpriv --pdeathsig asks for it', async (t) => {
    const { agent } = await setUp(t, ['-o', 'json'], ['sh', '-c', 'setpriv --pdeathsig TERM "$@" & wait', 'sh']);
    const [own] = childrenOf(agent.pid);
    process.kill(agent.pid, 'SIGKILL');
    while (isThere(own!)) await sleep(10);
  });

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`gets ${signal} together with the agent, as a service does: the last stalls still have their services`, async (t) => {
      const { agent, shell, service } = await setUp(t);
      assert.equal(await service(), 'shop');
      const { supervisor, prober } = await proberOf(agent);
      const other = new Shell('stock');
      await other.stall();
      await shell.stall();
      for (const pid of [supervisor, prober]) process.kill(pid, signal);
      const { code, stderr } = await agent.stop(signal);
      assert.equal(code, 0, stderr);
      assert.equal(eventsOf(agent, other)[0]!.resource!['service.name'], 'stock');
      assert.doesNotMatch(stderr, /the prober/);
    });
  }

  it('does not end, and neither does its supervisor: they are ended', async (t) => {
    const { agent } = await setUp(t);
    const { supervisor, prober } = await proberOf(agent);
    for (const pid of [supervisor, prober]) process.kill(pid, 'SIGSTOP');
    const { code, stderr } = await agent.stop();
    assert.equal(code, 0, stderr);
  });

  for (const signal of ['SIGKILL', 'SIGINT'] as const) {
    it(`ends with the agent, by ${signal}`, async (t) => {
      const { agent } = await setUp(t);
      const { supervisor, prober } = await proberOf(agent);
      await agent.stop(signal);
      while ([supervisor, prober].some(isThere)) await sleep(10);
    });
  }
});
