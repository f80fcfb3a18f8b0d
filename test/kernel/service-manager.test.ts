// SPDX-License-Identifier: Apache-2.0
// What a service manager learns of a run, at a real socket.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, existsSync, readFileSync, renameSync } from 'node:fs';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { endsWithTests } from '../../harness/ends-with-tests.ts';
import { COMPACT_NODE0, compact, populatedZones } from '../../harness/host.ts';
import { Agent } from '../support/agent.ts';
import { Notifications } from '../support/notifications.ts';
import { NOBODY, proberOf, rightsOf, threadsOf } from '../support/rights.ts';
import { temporaryFolder } from '../unit/fixtures.ts';

const STOPPED_THREAD = fileURLToPath(new URL('../support/stopped-thread.py', import.meta.url));
const ZONES = populatedZones().filter(({ node }) => node === 0).length;
/** So that beats come twice a second. */
const WATCHDOG_USEC = '1500000';

/** An agent without a terminal, as a service, and what it notifies of. */
async function service(t: TestContext, args: readonly string[], env: NodeJS.ProcessEnv = {}, address?: string) {
  const folder = temporaryFolder(t);
  chmodSync(folder(), 0o755);
  chownSync(folder(), NOBODY, NOBODY);
  const socket = address ?? folder('notify');
  const notified = await Notifications.at(t, socket);
  const agent = new Agent(
    args.map((word) => word.replace('FOLDER', folder())),
    {
      under: ['setsid'],
      env: { NOTIFY_SOCKET: socket, ...env },
    },
  );
  t.after(() => agent.stop('SIGKILL'));
  return { agent, notified, folder };
}

const environmentOf = (pid: number) => readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0');

describe('a service manager', () => {
  it('learns that the agent is ready once it has no rights any more, then how many compactions it has seen, and of the end', async (t) => {
    const { agent, notified } = await service(t, ['-o', 'none', '--trigger', 'manual']);
    const { pid, uid } = await notified.next('READY=1');
    assert.equal(pid, agent.pid);
    assert.equal(uid, NOBODY);
    assert.equal(rightsOf(`/proc/${pid}/status`).effective, 0n);
    await notified.next('STATUS=0 compactions, 0 lost');
    compact(COMPACT_NODE0, 7);
    await notified.next(`STATUS=${7 * ZONES} compactions, 0 lost`);
    compact(COMPACT_NODE0, 4);
    assert.equal((await agent.stop()).code, 0);
    const last = notified.all.slice(-2).map(({ text }) => text);
    assert.deepEqual(last, ['STOPPING=1', `STATUS=${11 * ZONES} compactions, 0 lost`]);
    assert.ok(!notified.all.some(({ text }) => text.startsWith('WATCHDOG')), 'nobody has asked for it');
  });

  it('may have an abstract socket, which the agent passes on to no process', async (t) => {
    const address = `@compactstall-test-${process.pid}`;
    const { agent, notified } = await service(t, ['-o', 'json'], { WATCHDOG_USEC }, address);
    await notified.next('READY=1');
    const { supervisor, prober } = await proberOf(agent);
    for (const child of [supervisor, prober]) {
      assert.ok(!environmentOf(child).some((variable) => /^(NOTIFY|WATCHDOG)_/.test(variable)));
    }
    await notified.next('WATCHDOG=1');
    assert.equal((await agent.stop()).code, 0);
  });

  it('that asks for a reload learns when the file is open again; without a file a reload ends nothing', async (t) => {
    const { agent, notified, folder } = await service(t, ['-o', 'json:FOLDER/out', '--trigger', 'manual']);
    await notified.next('READY=1');
    renameSync(folder('out'), folder('old'));
    agent.child.kill('SIGHUP');
    const before = notified.all.length;
    await notified.next('RELOADING=1\nMONOTONIC_USEC=');
    await notified.next('READY=1', before);
    assert.ok(existsSync(folder('out')));
    assert.equal((await agent.stop()).code, 0);

    const other = await service(t, ['-o', 'none']);
    await other.notified.next('READY=1');
    other.agent.child.kill('SIGHUP');
    await other.notified.next('RELOADING=1');
    await other.notified.next('READY=1', 2);
    assert.equal((await other.agent.stop()).code, 0);
  });

  it('gets beats while nothing happens, and none while the thread of the ring does not run', async (t) => {
    const { agent, notified } = await service(t, ['-o', 'none', '--trigger', 'manual'], { WATCHDOG_USEC });
    const beats = () => notified.all.filter(({ text }) => text === 'WATCHDOG=1').length;
    for (let i = 1; i <= 3; i++) await notified.next('WATCHDOG=1', notified.all.length);
    const ring = threadsOf(agent.pid).find(({ name }) => name === 'bpf-ring')!;
    const stopper = endsWithTests(
      spawn('python3', [STOPPED_THREAD, `${ring.tid}`], { stdio: ['pipe', 'pipe', 'inherit'] }),
    );
    try {
      await once(stopper.stdout!, 'data');
      const before = beats();
      await sleep(3 * (Number(WATCHDOG_USEC) / 1000));
      // A round that had begun may still come back; otherwise there would be nine.
      assert.ok(beats() <= before + 1, `${beats() - before} beats`);
    } finally {
      // A process ends only when its tracer has gone.
      stopper.kill();
    }
    await notified.next('WATCHDOG=1', notified.all.length);
    assert.equal((await agent.stop()).code, 0);
  });

  it('gets beats while the collector is away', async (t) => {
    const env = { WATCHDOG_USEC, OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' };
    const { agent, notified } = await service(t, ['-o', 'otlp', '--trigger', 'manual'], env);
    await notified.next('READY=1');
    compact(COMPACT_NODE0, 1);
    await notified.next(`STATUS=${ZONES} compactions, 0 lost, ${ZONES} spans queued`);
    for (let i = 1; i <= 3; i++) await notified.next('WATCHDOG=1', notified.all.length);
    await agent.stop();
  });

  it('that is not there does not disturb a run', async () => {
    const agent = await new Agent(['-o', 'none'], { env: { NOTIFY_SOCKET: '/nowhere/notify' } }).attached();
    await agent.until(() =>
      agent.stderr.includes(
        'systemd is not notified of how the run goes: Cannot send to /nowhere/notify: No such file',
      ),
    );
    assert.equal((await agent.stop()).code, 0);
  });
});
