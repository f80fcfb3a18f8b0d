// SPDX-License-Identifier: Apache-2.0
// The service of stalled real processes, which publish a process context, have only an environment, or have neither; and which
// change it, call exec, or end at once.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { COMPACT_NODE0, populatedZones, putBackAtEnd } from '../../harness/host.ts';
import type { CompactionEvent } from '../../src/event/event.ts';
import { findContexts } from '../../src/prober/service/context-mappings.ts';
import { readContext } from '../../src/prober/service/process-context.ts';
import { Agent, parseLines, runToEnd } from '../support/agent.ts';
import { CommandedProgram } from '../support/commanded-program.ts';
import { PUBLISHER, Publisher } from '../support/publisher.ts';
import { attribute, context, int, named, text } from '../unit/prober/service/payload.ts';

const ZONES = populatedZones().filter(({ node }) => node === 0).length;
/** A little more than the second between two checks of a process. */
const REFRESH_MS = 1100;
/** Whether the kernel was built with names of anonymous memory. */
const ways = spawnSync(PUBLISHER, ['can-name']).status === 0 ? (['memfd', 'anon'] as const) : (['memfd'] as const);

async function setUp(t: TestContext, args: readonly string[] = ['--output', 'json'], env: NodeJS.ProcessEnv = {}) {
  const agent = await new Agent(args, { env }).attached();
  t.after(() => agent.stop());
  const eventsOf = (pid: number) => agent.events().filter((one) => one.pid === pid);
  return {
    agent,
    eventsOf,
    /** The events of a stall of this process, which waits for them. */
    async stalled(publisher: Publisher): Promise<CompactionEvent[]> {
      const before = eventsOf(publisher.pid).length;
      await publisher.stall(COMPACT_NODE0);
      await agent.until(() => eventsOf(publisher.pid).length >= before + ZONES);
      return eventsOf(publisher.pid).slice(before);
    },
  };
}

/** Adds a huge page until the end of the test. @returns whether there is one */
function reserveHugePage(t: TestContext): boolean {
  const setting = '/proc/sys/vm/nr_hugepages';
  const before = readFileSync(setting, 'latin1').trim();
  t.after(putBackAtEnd(setting));
  writeFileSync(setting, String(Number(before) + 1));
  return Number(readFileSync(setting, 'latin1')) > Number(before);
}

/** The events of processes with that name that the test knows no pid of. */
async function stallsOfShells(agent: Agent, count: number): Promise<readonly CompactionEvent[]> {
  const events = () => agent.events().filter(({ comm, trigger }) => comm === 'sh' && trigger === 'manual');
  await agent.until(() => events().length >= count);
  assert.equal(events().length, count);
  return events();
}

function assertServices(events: readonly CompactionEvent[], service: string): void {
  assert.deepEqual(new Set(events.map(({ resource }) => resource?.['service.name'])), new Set([service]));
}

function assertResource(events: readonly CompactionEvent[], resource: CompactionEvent['resource']): void {
  assert.equal(events.length, ZONES);
  for (const one of events) {
    // The host of the tests may itself be a container.
    const { 'container.id': container, ...rest } = one.resource!;
    assert.equal(container, one.container);
    assert.deepEqual(rest, resource);
  }
}

it('a context that changes all the time is never read half old and half new', async () => {
  const publisher = new Publisher('memfd');
  await publisher.churn();
  const folder = `/proc/${publisher.pid}`;
  const found = { a: 0, b: 0 };
  while (found.a < 500 || found.b < 500) {
    const payload = readContext(folder, findContexts(folder))?.payload;
    if (payload === undefined) continue;
    const first = String.fromCharCode(payload[0]!) as 'a' | 'b';
    assert.ok(payload.equals(Buffer.alloc(64 * 1024, first)), 'two contexts mixed');
    found[first] += 1;
  }
  await publisher.end();
});

describe('the service of a stalled process', () => {
  for (const how of ways) {
    it(`which publishes a process context (${how}): as published, whatever its environment contains`, async (t) => {
      const { stalled } = await setUp(t);
      const publisher = new Publisher(how, { OTEL_SERVICE_NAME: 'of-the-environment' });
      await publisher.publish(
        context(
          attribute('service.name', text('shop')),
          attribute('service.instance.id', text('one')),
          attribute('n', int(7)),
          attribute('process.pid', int(1)),
        ),
      );
      assertResource(await stalled(publisher), { 'service.name': 'shop', 'service.instance.id': 'one', n: 7 });
      await publisher.end();
    });
  }

  for (const where of ['data', 'shm', 'huge'] as const) {
    it(`whose context lies in ${where}: as published, as its pages are in memory`, async (t) => {
      if (where === 'huge' && !reserveHugePage(t)) return t.skip('memory is too fragmented for a huge page');
      const { stalled } = await setUp(t);
      const publisher = new Publisher('memfd', { OTEL_SERVICE_NAME: 'of-the-environment' });
      await publisher.put(where);
      await publisher.publish(named(where));
      assertResource(await stalled(publisher), { 'service.name': where });
      await publisher.end();
    });
  }

  it('whose context lies in a file, of which no page is in its memory yet: from its environment', async (t) => {
    const { stalled } = await setUp(t);
    const publisher = new Publisher('memfd', { OTEL_SERVICE_NAME: 'of-the-environment' });
    await publisher.put('file');
    await publisher.publish(named('shop'));
    const folder = `/proc/${publisher.pid}`;
    assert.equal(findContexts(folder).length, 1);
    assert.equal(readContext(folder, findContexts(folder)), undefined);
    assertResource(await stalled(publisher), { 'service.name': 'of-the-environment' });
    await publisher.end();
  });

  it('which publishes another context, then withdraws it: known a second later', async (t) => {
    const { stalled } = await setUp(t);
    const publisher = new Publisher('memfd', { OTEL_SERVICE_NAME: 'of-the-environment' });
    assertResource(await stalled(publisher), { 'service.name': 'of-the-environment' });
    await publisher.publish(named('first'));
    await sleep(REFRESH_MS);
    assertResource(await stalled(publisher), { 'service.name': 'first' });
    await publisher.publish(named('second'));
    await sleep(REFRESH_MS);
    assertResource(await stalled(publisher), { 'service.name': 'second' });
    await publisher.withdraw();
    await sleep(REFRESH_MS);
    assertResource(await stalled(publisher), { 'service.name': 'of-the-environment' });
    await publisher.end();
  });

  it('which has only an environment: from that', async (t) => {
    const { stalled } = await setUp(t);
    const publisher = new Publisher('memfd', {
      OTEL_SERVICE_NAME: 'größe',
      OTEL_RESOURCE_ATTRIBUTES: 'service.version=1%2C2,deployment.environment.name=prod',
    });
    assertResource(await stalled(publisher), {
      'service.name': 'größe',
      'service.version': '1,2',
      'deployment.environment.name': 'prod',
    });
    await publisher.end();
  });

  it('whose environment is partly malformed: from the rest of it', async (t) => {
    const { stalled } = await setUp(t);
    const publisher = new Publisher('memfd', { OTEL_RESOURCE_ATTRIBUTES: 'service.name=checkout,a=b=c,d=%zz,e' });
    assertResource(await stalled(publisher), { 'service.name': 'checkout', a: 'b=c', d: '%zz' });
    await publisher.end();
  });

  it('which names none: unknown_service with its executable', async (t) => {
    const { stalled } = await setUp(t);
    const publisher = new Publisher('memfd');
    const events = await stalled(publisher);
    assertResource(events, { 'service.name': 'unknown_service:context' });
    assert.equal(events[0]!.executable, 'context');
    await publisher.end();
  });

  it('which publishes an unreadable context: from its environment', async (t) => {
    const { stalled } = await setUp(t);
    const publisher = new Publisher('memfd', { OTEL_SERVICE_NAME: 'shop' });
    await publisher.publish(named('cut').subarray(0, 5));
    assertResource(await stalled(publisher), { 'service.name': 'shop' });
    await publisher.end();
  });

  it('which calls exec: that of the new executable, at once', async (t) => {
    const { stalled } = await setUp(t);
    const publisher = new Publisher('memfd');
    await publisher.publish(named('before-exec'));
    assertResource(await stalled(publisher), { 'service.name': 'before-exec' });
    await publisher.exec(PUBLISHER);
    assertResource(await stalled(publisher), { 'service.name': 'after-exec' });
    await publisher.end();
  });

  it('which calls exec right after its stall: not that of the new program', async (t) => {
    const { agent, eventsOf } = await setUp(t);
    const script = `echo 1 >${COMPACT_NODE0}; exec env OTEL_SERVICE_NAME=after-exec sleep 2; :`;
    const pid = Number(execFileSync('sh', ['-c', `sh -c '${script}' >/dev/null & echo $!`], { encoding: 'utf8' }));
    await agent.until(() => eventsOf(pid).length >= ZONES);
    for (const { comm, resource } of eventsOf(pid)) {
      assert.equal(comm, 'sh');
      assert.match(resource!['service.name'] as string, /^unknown_service:(sh|dash|bash)$/);
    }
  });

  it('which has ended before the lookup: from the record', async (t) => {
    const { agent } = await setUp(t);
    // The agent reads the records after SIGCONT.
    agent.child.kill('SIGSTOP');
    const shell = ['-c', `echo $$; echo 1 >${COMPACT_NODE0}`];
    const pid = Number(execFileSync('sh', shell, { encoding: 'utf8', env: { OTEL_SERVICE_NAME: 'gone' } }));
    agent.child.kill('SIGCONT');
    const { stdout } = await agent.stop();
    const events = parseLines(stdout).filter((one) => one.pid === pid);
    assert.equal(events.length, ZONES);
    for (const { executable, resource } of events) {
      assert.equal(executable, undefined);
      assert.deepEqual(resource, { 'service.name': 'unknown_service:sh' });
    }
  });

  it('which has ended before the lookup, but was known: its service', async (t) => {
    const { agent, eventsOf } = await setUp(t);
    // It is known some time after its start, which nothing tells.
    for (let wait = 500; ; wait *= 2) {
      const shell = new CommandedProgram('sh', ['-c', `read -r _; echo 1 >${COMPACT_NODE0}`], {
        OTEL_SERVICE_NAME: 'gone',
      });
      await sleep(wait);
      agent.child.kill('SIGSTOP');
      shell.tell('stall').catch(() => {});
      await shell.end();
      agent.child.kill('SIGCONT');
      await agent.until(() => eventsOf(shell.pid).length === ZONES);
      const services = new Set(eventsOf(shell.pid).map(({ resource }) => resource!['service.name']));
      if (wait < 8000 && services.has('unknown_service:sh')) continue;
      assert.deepEqual([...services], ['gone']);
      break;
    }
  });

  it('which was forked and has ended before the lookup: that of its parent, which never stalled', async (t) => {
    const { agent, eventsOf } = await setUp(t);
    const children = 5;
    const script = `while read -r _; do for _ in ${'x '.repeat(children)}; do (echo 1 >${COMPACT_NODE0}); done; echo done; done`;
    const parent = new CommandedProgram('sh', ['-c', script], { OTEL_SERVICE_NAME: 'forks' });
    agent.child.kill('SIGSTOP');
    await parent.tell('stall');
    agent.child.kill('SIGCONT');
    const events = await stallsOfShells(agent, children * ZONES);
    assert.deepEqual(eventsOf(parent.pid), []);
    assert.equal(new Set(events.map(({ pid }) => pid)).size, children);
    assertServices(events, 'forks');
    await parent.end();
  });

  it('which was forked and has ended, and whose parent has called exec since: from the record', async (t) => {
    const { agent } = await setUp(t);
    const script = `read -r _; (echo 1 >${COMPACT_NODE0}); exec sh -c 'echo done; read -r _; :'`;
    const parent = new CommandedProgram('sh', ['-c', script], { OTEL_SERVICE_NAME: 'after-exec' });
    agent.child.kill('SIGSTOP');
    await parent.tell('stall');
    agent.child.kill('SIGCONT');
    assertServices(await stallsOfShells(agent, ZONES), 'unknown_service:sh');
    await parent.end();
  });

  it('is not looked up when nobody wants it', async (t) => {
    const { agent } = await setUp(t, ['--output', 'none', '--resource', 'host']);
    assert.equal((await agent.stop()).code, 0);
    const { code, stderr } = await runToEnd(['--resource', 'theirs']);
    assert.equal(code, 2);
    assert.match(stderr, /--resource.*service.*host/s);
  });
});
