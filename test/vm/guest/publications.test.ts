// SPDX-License-Identifier: Apache-2.0
// Processes that begin to publish long after their start, or change what they publish. With kprobes the agent is notified, and
// knows it before they stall.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { BpfObject } from 'bpf-loader-native';
import { COMPACT_NODE0 } from '../../../harness/host.ts';
import { PROCESS_EVENT, PROCESS_EVENT_KIND, PROCESS_EVENT_SIZE } from '../../../src/abi.generated.ts';
import { readObject } from '../../../src/live/attach-programs.ts';
import { Agent } from '../../support/agent.ts';
import { Life, library, OPENS, roots, ZONES } from '../../support/life.ts';
import { Publisher } from '../../support/publisher.ts';
import { mainSleeps } from '../../support/sleeps.ts';
import { named } from '../../unit/prober/service/payload.ts';
import { setUp } from './settings.ts';

/** Longer than earlier work takes, even on a busy machine. */
const SETTLED_MS = 3000;
/** Another event of the same process is sent in another period: bpf/process_events.h. */
const PERIOD_MS = 1100;
const STALLS = 3;

describe('the agent', () => {
  let agent: Agent;
  before(async () => {
    setUp();
    agent = await new Agent(['--output', 'json']).attached();
  });

  it('probes a new process, and finds a library that it has opened by then; it sleeps between two probes', async () => {
    const lives = [new Life(agent, OPENS), new Life(agent, OPENS)] as const;
    await sleep(1000);
    await lives[0].tell(`open ${library('gd')}`);
    await sleep(4000);
    await lives[1].tell(`open ${library('gd')}`);
    const before = mainSleeps(agent.pid);
    await sleep(8000);
    const woken = mainSleeps(agent.pid) - before;
    assert.ok(woken < 20, `woken ${woken} times between two probes`);
    await sleep(5000);
    for (const life of lives) {
      assert.equal(roots(await life.stalls(STALLS)), 0);
      await life.end();
    }
  });

  it('finds a library that is opened later when its process announces a publication, and not before', async () => {
    const [silent, telling, twice] = [new Life(agent, OPENS), new Life(agent, OPENS), new Life(agent, OPENS)];
    const lives = [silent, telling, twice];
    // This was its last probe.
    await sleep(18_000);
    for (const life of lives) assert.equal(roots(await life.stalls(1)), 1);
    await sleep(SETTLED_MS);
    await twice.tell('announce');
    await sleep(300);
    for (const life of lives) await life.tell(`open ${library('gd')}`);
    await telling.tell('announce');
    // This is mostly within the period of the last event, in which no other is sent: the probe after that period finds it.
    await twice.tell('announce');
    await sleep(SETTLED_MS);
    assert.equal(roots(await telling.stalls(STALLS)), 0);
    assert.equal(roots(await twice.stalls(STALLS)), 0);
    assert.equal(roots(await silent.stalls(1)), 1, 'it knew by itself');
    for (const life of lives) await life.end();
  });

  it('knows another service at once', async () => {
    const publisher = new Publisher('memfd');
    const services = () =>
      agent
        .events()
        .filter(({ pid }) => pid === publisher.pid)
        .map(({ resource }) => resource?.['service.name']);
    const assertStalls = async (service: string) => {
      const before = services().length;
      await publisher.stall(COMPACT_NODE0);
      await agent.until(() => services().length === before + ZONES);
      assert.deepEqual(services().slice(before), Array(ZONES).fill(service));
    };
    let known = 'first';
    await publisher.publish(named(known));
    for (const name of ['second', 'third']) {
      await sleep(PERIOD_MS);
      // Without an event it is checked once a second, and that was just now.
      await assertStalls(known);
      await publisher.publish(named(name));
      await assertStalls(name);
      known = name;
    }
    await publisher.end();
  });

  it('loses nothing', async () => {
    const { code, stderr } = await agent.stop();
    assert.equal(code, 0, stderr);
    assert.match(stderr, / 0 lost$/m);
    // Node.js would warn if a probe were overdue when the timer is set.
    assert.doesNotMatch(stderr, /Warning/);
  });
});

describe('the process event of a publication', () => {
  let object: BpfObject;
  let publisher: Publisher;
  before(() => {
    publisher = new Publisher('memfd');
    object = BpfObject.load({ object: readObject(), programs: ['cs_process_publication'] });
    object.attach();
  });
  after(() => object.close());

  /** The processes with events since the last call. */
  function noticed(): number[] {
    const ring = object.ringBuffer('cs_records', () => {});
    const pids: number[] = [];
    for (let batch = ring.drain(); batch; batch = ring.drain()) {
      for (let at = 0; at < batch.length; at += 8 + PROCESS_EVENT_SIZE) {
        assert.equal(batch.readUInt32LE(at), PROCESS_EVENT_SIZE);
        assert.equal(batch.readUInt32LE(at + 8 + PROCESS_EVENT.kind.offset), PROCESS_EVENT_KIND.PUBLICATION);
        pids.push(batch.readUInt32LE(at + 8 + PROCESS_EVENT.pid.offset));
      }
    }
    ring.close();
    return pids;
  }

  it('is sent for that name only, and for an unreadable one', async () => {
    for (const name of ['OTEL_CTXX', 'OTEL_CT', 'Go: heap', 'x']) await publisher.name(100, name);
    assert.deepEqual(noticed(), []);
    await publisher.name(1, 'OTEL_CTX');
    assert.deepEqual(noticed(), [publisher.pid]);
    await sleep(PERIOD_MS);
    await publisher.name(1);
    assert.deepEqual(noticed(), [publisher.pid]);
  });

  it('is sent once in a period, however often a process publishes, and for others meanwhile', async () => {
    const other = new Publisher('memfd');
    await sleep(PERIOD_MS);
    const start = performance.now();
    const flood = publisher.name(200_000, 'OTEL_CTX');
    await other.name(1, 'OTEL_CTX');
    await flood;
    const periods = Math.floor((performance.now() - start) / (2 ** 30 / 1e6)) + 2;
    const pids = noticed();
    assert.equal(pids.filter((pid) => pid === other.pid).length, 1);
    const own = pids.filter((pid) => pid === publisher.pid).length;
    assert.ok(own >= 1 && own <= periods, `${own} events in ${periods} periods`);
    await other.end();
  });

  it('is sent for a Node.js service that publishes by compactstall/register', () => {
    const register = new URL('../../../dist/register/index.js', import.meta.url).href;
    const { status, stdout } = spawnSync(process.execPath, ['--import', register, '-p', 'process.pid'], {
      encoding: 'utf8',
      env: { ...process.env, OTEL_SERVICE_NAME: 'shop' },
    });
    assert.equal(status, 0);
    assert.deepEqual([...new Set(noticed())], [Number(stdout)]);
  });
});
