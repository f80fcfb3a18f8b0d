// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { Identified } from '../prober/service/identified.ts';
import { type FakeProcess, fakeProc, putStatus, statLine } from '../prober/service/proc.ts';

const ID = '4a1f6f2b9c0d8e7f6a5b4c3d2e1f0a9b8c7d6e5f4a3b2c1d0e9f8a7b6c5d4e3f';
const SECOND = 1_000_000_000n;
/** The start time in field 22: 500 ticks. */
const STARTED = 5n * SECOND;
const NOW = 100n * SECOND;
/** Where the stack of its program starts, also if \`FakeProcess\` does not say. */
const START_STACK = 0x7ffd0000e000;

/** A process 7, with its facts. `pass` lets time go by and begins a batch. */
function setUp(t: TestContext, first?: FakeProcess, services = true) {
  const proc = fakeProc(t);
  const put = (fake: FakeProcess) => proc.put(7, { comm: 'summ', exe: '/usr/bin/summ', ...fake });
  if (first !== undefined) put(first);
  let nowMs = 0;
  const processes = new Identified({ services, proc: proc.root, now: () => nowMs });
  const lookUp = (atNs = NOW, comm = 'summ', tid = 7, startTicks = 0, startStack = START_STACK) =>
    processes.lookUp({ pid: 7, tid, comm }, atNs, { startTicks, startStack: BigInt(startStack), forkedFrom: 0 });
  return {
    root: proc.root,
    put,
    processes,
    end: () => proc.end(7),
    pass: (ms: number) => {
      nowMs += ms;
      processes.newBatch();
    },
    lookUp,
    service: (...words: Parameters<typeof lookUp>) => lookUp(...words).resource?.['service.name'],
  };
}

describe('the facts about a process', () => {
  it('outside of the PID namespace, or of a kernel thread there: none, not even a service named after its thread', (t) => {
    const { processes } = setUp(t);
    assert.deepEqual(processes.lookUp({ pid: 0, tid: 0, comm: 'summ' }, NOW), {});
  });

  it('from its environment', (t) => {
    const environ = 'A=B\0OTEL_SERVICE_NAME=shop\0OTEL_RESOURCE_ATTRIBUTES=service.version=1.2,service.name=no\0';
    assert.deepEqual(setUp(t, { environ, cgroup: `0::/docker/${ID}\n` }).lookUp(), {
      executable: 'summ',
      container: ID,
      resource: { 'service.name': 'shop', 'service.version': '1.2', 'container.id': ID },
    });
  });

  it('with nothing in it: from its executable', (t) => {
    assert.deepEqual(setUp(t, {}).lookUp(), {
      executable: 'summ',
      resource: { 'service.name': 'unknown_service:summ' },
    });
  });

  it('with an executable that was replaced while it runs', (t) => {
    assert.equal(setUp(t, { exe: '/usr/bin/summ-server (deleted)' }).lookUp().executable, 'summ-server');
  });

  it('which may not be read: its container, and the name of its main thread', (t) => {
    const { put, root, lookUp } = setUp(t);
    put({ cgroup: `0::/docker/${ID}\n`, environ: 'OTEL_SERVICE_NAME=hidden\0' });
    rmSync(`${root}/7/exe`);
    for (const name of ['maps', 'pagemap']) rmSync(`${root}/7/${name}`);
    assert.deepEqual(lookUp(NOW, 'worker', 8), {
      container: ID,
      resource: { 'service.name': 'unknown_service:summ', 'container.id': ID },
    });
  });

  it('whose environment is not in memory, so that a read may wait: it is not read', (t) => {
    const fake = { environmentAway: true, environ: 'OTEL_SERVICE_NAME=trap\0' };
    assert.equal(setUp(t, fake).service(), 'unknown_service:summ');
  });

  it('without services: no resource', (t) => {
    const { lookUp, end, pass } = setUp(t, { environ: 'OTEL_SERVICE_NAME=shop\0' }, false);
    assert.deepEqual(lookUp(), { executable: 'summ' });
    end();
    pass(0);
    assert.deepEqual(lookUp(NOW + 2n * SECOND), {});
  });

  it('a kernel thread: nothing', (t) => {
    const { put, root, lookUp } = setUp(t);
    put({ kernelThread: true, comm: 'khugepaged' });
    rmSync(`${root}/7/exe`);
    assert.deepEqual(lookUp(NOW, 'khugepaged'), {});
  });

  it('this process, in the real /proc: started before now, and not before the boot', () => {
    const lookUp = (atNs: bigint) =>
      new Identified({ services: false }).lookUp({ pid: process.pid, tid: -1, comm: '' }, atNs);
    // The kernel counts hundredths of a second.
    const [uptime] = readFileSync('/proc/uptime', 'latin1').split(' ');
    const boottimeNs = BigInt(Math.round(Number(uptime) * 100)) * 10_000_000n;
    assert.equal(lookUp(boottimeNs).executable, basename(process.execPath));
    assert.equal(lookUp(boottimeNs - BigInt(Math.ceil((process.uptime() + 1) * 1e9))).executable, undefined);
  });
});

describe('the same process again', () => {
  const environ = 'OTEL_SERVICE_NAME=shop\0';

  it('gives the same object', (t) => {
    const { lookUp, pass } = setUp(t, { environ });
    const first = lookUp();
    assert.equal(lookUp(), first);
    pass(500);
    assert.equal(lookUp(), first);
    pass(5000);
    assert.equal(lookUp(), first);
  });

  it('is identified once per batch', (t) => {
    const { service, end, put, pass } = setUp(t, { environ });
    assert.equal(service(), 'shop');
    end();
    put({ startStack: 1, exe: '/usr/bin/other' });
    assert.equal(service(), 'shop');
    pass(0);
    assert.equal(service(), 'unknown_service:other');
  });

  it('after an exec: the facts of the new executable', (t) => {
    const { service, put, pass } = setUp(t, { environ });
    assert.equal(service(), 'shop');
    put({ environ: 'OTEL_SERVICE_NAME=till\0', startStack: 0x7ffc12345678 });
    pass(1);
    assert.equal(service(), 'till');
  });

  it('without an exec its environment is not read again', (t) => {
    const { service, put, pass } = setUp(t, { environ });
    assert.equal(service(), 'shop');
    put({ environ: 'OTEL_SERVICE_NAME=till\0' });
    pass(60_000);
    assert.equal(service(), 'shop');
  });

  it('moved into a container: known a second later', (t) => {
    const { lookUp, put, pass } = setUp(t, { environ });
    assert.equal(lookUp().container, undefined);
    put({ environ, cgroup: `0::/docker/${ID}\n` });
    pass(999);
    assert.equal(lookUp().container, undefined);
    pass(1);
    assert.equal(lookUp().container, ID);
  });

  it('exec during the lookup: the two are not mixed', async (t) => {
    const { root, service, put, pass } = setUp(t, { environ });
    // A reader of the cgroup waits here until the status has changed.
    rmSync(`${root}/7/cgroup`);
    execFileSync('mkfifo', [`${root}/7/cgroup`]);
    writeFileSync(`${root}/after`, statLine(7, { comm: 'summ', startStack: 1 }));
    const exec = spawn('sh', ['-c', 'exec 3>7/cgroup; cp after 7/task/7/stat; exec 3>&-'], { cwd: root });
    await once(exec, 'spawn');
    assert.equal(service(), 'unknown_service:summ');
    put({ environ, startStack: 1 });
    pass(0);
    assert.equal(service(), 'shop');
  });
});

describe('a process that is avoided for a while', () => {
  const environ = 'OTEL_SERVICE_NAME=shop\0';

  it('known before: keeps its facts, as long as it is the same executable', (t) => {
    const { service, put, pass, processes } = setUp(t, { environ });
    assert.equal(service(), 'shop');
    processes.fromOutside = true;
    for (const seconds of [1n, 30n, 59n]) {
      pass(1000);
      assert.equal(service(NOW + seconds * SECOND), 'shop');
    }
    put({ environ, startStack: 1 });
    pass(0);
    assert.equal(service(NOW + 60n * SECOND), 'unknown_service:summ');
    processes.fromOutside = false;
    pass(0);
    assert.equal(service(NOW + 61n * SECOND), 'shop');
  });

  it('not known before: its executable and its container, and later its service', (t) => {
    const { service, lookUp, pass, processes } = setUp(t, {
      environ,
      exe: '/usr/bin/java',
      cgroup: `0::/docker/${ID}\n`,
    });
    processes.fromOutside = true;
    for (let i = 0; i < 2; i++) {
      const resource = { 'service.name': 'unknown_service:java', 'container.id': ID };
      assert.deepEqual(lookUp(), { executable: 'java', container: ID, resource });
      pass(0);
    }
    processes.fromOutside = false;
    pass(0);
    assert.equal(service(), 'shop');
  });

  it('another one with its pid: nothing of the one before', (t) => {
    const { service, put, pass, processes } = setUp(t, { environ });
    assert.equal(service(), 'shop');
    processes.fromOutside = true;
    put({ environ, startedTicks: 20_000 });
    pass(0);
    assert.equal(service(201n * SECOND), 'unknown_service:summ');
  });
});

describe('another process with that pid', () => {
  const environ = 'OTEL_SERVICE_NAME=shop\0';

  it('started after the stall: the name in the record, and nothing of the other', (t) => {
    const { lookUp } = setUp(t, { environ });
    assert.equal(lookUp(STARTED).resource?.['service.name'], 'shop');
    assert.deepEqual(lookUp(STARTED - 1n), { resource: { 'service.name': 'unknown_service:summ' } });
  });

  it('takes the place of the one before', (t) => {
    const { service, put, pass } = setUp(t, { environ });
    assert.equal(service(), 'shop');
    put({ startedTicks: 20_000, environ: 'OTEL_SERVICE_NAME=till\0' });
    pass(0);
    assert.equal(service(200n * SECOND), 'till');
    assert.equal(service(200n * SECOND - 1n), 'unknown_service:summ');
  });

  it('a kernel thread takes the place of a process', (t) => {
    const { lookUp, put, pass } = setUp(t, { environ });
    assert.equal(lookUp().resource?.['service.name'], 'shop');
    put({ startedTicks: 20_000, kernelThread: true });
    pass(0);
    assert.deepEqual(lookUp(201n * SECOND), {});
    assert.equal(lookUp(199n * SECOND).resource?.['service.name'], 'unknown_service:summ');
  });

  it('a main thread with another name stalled before the last exec', (t) => {
    const { lookUp } = setUp(t, { environ });
    assert.deepEqual(lookUp(NOW, 'sh'), { resource: { 'service.name': 'unknown_service:sh' } });
    assert.equal(lookUp(NOW, 'pool-7', 8).resource?.['service.name'], 'shop', 'other threads have names of their own');
  });
});

describe('a process that has ended', () => {
  const environ = 'OTEL_SERVICE_NAME=shop\0';

  it('before it was looked up: the name of its main thread, none of other threads', (t) => {
    const { lookUp } = setUp(t);
    assert.deepEqual(lookUp(), { resource: { 'service.name': 'unknown_service:summ' } });
    assert.deepEqual(lookUp(NOW, 'pool-7', 8), { resource: { 'service.name': 'unknown_service' } });
    assert.equal(lookUp(NOW, 'a', 8), lookUp(NOW, 'b', 8), 'one object');
  });

  it('a worker of the kernel: nothing', (t) => assert.deepEqual(setUp(t).lookUp(NOW, 'kworker/1:2-eve'), {}));

  it('after it was known: still that service for a second, then its pid may be another’s', (t) => {
    const { service, end, pass } = setUp(t, { environ });
    assert.equal(service(), 'shop');
    end();
    pass(100);
    assert.equal(service(NOW + SECOND), 'shop');
    assert.equal(service(NOW + SECOND + 1n), 'unknown_service:summ');
    assert.equal(service(NOW, 'sh'), 'unknown_service:sh');
    pass(100);
    assert.equal(service(NOW), 'shop');
  });

  it('that second counts from the last stall after which it still ran', (t) => {
    const { service, end, pass } = setUp(t, { environ });
    service(NOW);
    pass(10_000);
    service(NOW + 10n * SECOND);
    end();
    pass(0);
    assert.equal(service(NOW + 11n * SECOND), 'shop');
    assert.equal(service(NOW + 12n * SECOND), 'unknown_service:summ');
  });
});

describe('a process that has ended, and whose record says when it started', () => {
  const environ = 'OTEL_SERVICE_NAME=shop\0';
  const LATER = NOW + 3600n * SECOND;

  it('was known at any time: its service', (t) => {
    const { lookUp, end, pass, processes } = setUp(t, { environ });
    processes.remember(7);
    end();
    pass(3_600_000);
    assert.equal(lookUp(LATER, 'summ', 7, 500).resource?.['service.name'], 'shop');
    assert.equal(lookUp(LATER, 'pool-7', 8, 500).resource?.['service.name'], 'shop');
  });

  it('is another process with that pid: nothing of the one that was known', (t) => {
    const { lookUp, end, pass, processes } = setUp(t, { environ });
    processes.remember(7);
    end();
    pass(100);
    for (const ticks of [499, 501, 500 + 2 ** 31]) {
      assert.equal(lookUp(NOW, 'summ', 7, ticks).resource?.['service.name'], 'unknown_service:summ');
    }
  });

  it('started so late that its ticks no longer fit 32 bits', (t) => {
    const { lookUp, end, pass, processes } = setUp(t, { environ, startedTicks: 2 ** 32 + 500 });
    processes.remember(7);
    end();
    pass(100);
    assert.equal(lookUp(LATER * 20_000n, 'summ', 7, 500).resource?.['service.name'], 'shop');
  });

  it('called exec since it was known: nothing of the executable before', (t) => {
    const { lookUp, end, put, pass, processes } = setUp(t, { environ });
    processes.remember(7);
    end();
    pass(100);
    const service = (startStack: number) => lookUp(NOW, 'pool-7', 8, 500, startStack).resource?.['service.name'];
    assert.equal(service(START_STACK), 'shop');
    assert.equal(service(1), 'unknown_service');
    put({ environ: 'OTEL_SERVICE_NAME=till\0', startStack: 1 });
    processes.remember(7);
    end();
    pass(100);
    assert.equal(service(1), 'till');
    assert.equal(service(START_STACK), 'unknown_service', 'nor anything of a later one');
  });

  it('has no stack in the record, or none that can be read: nothing, as it may have called exec', (t) => {
    for (const [inRecord, read] of [
      [0, START_STACK],
      [START_STACK, 0],
      [0, 0],
    ]) {
      const { lookUp, end, pass, processes } = setUp(t, { environ, startStack: read! });
      processes.remember(7);
      end();
      pass(100);
      assert.equal(lookUp(NOW, 'summ', 7, 500, inRecord).resource?.['service.name'], 'unknown_service:summ');
    }
  });
});

describe('a process that has ended before it was looked up, and had not called exec since it was forked', () => {
  const FORKED = { startTicks: 600, startStack: BigInt(START_STACK), forkedFrom: 6 };
  const fake = { comm: 'summ', exe: '/usr/bin/summ', environ: 'OTEL_SERVICE_NAME=shop\0', startStack: START_STACK };

  function setUpParent(t: TestContext, change: FakeProcess = {}) {
    const proc = fakeProc(t);
    proc.put(6, { ...fake, ...change });
    const processes = new Identified({ services: true, proc: proc.root });
    processes.remember(6);
    return {
      processes,
      put: (again: FakeProcess) => proc.put(6, { ...fake, ...again }),
      end: () => proc.end(6),
      service: (comm = 'summ', tid = 7, atNs = NOW, program = FORKED) =>
        processes.lookUp({ pid: 7, tid, comm }, atNs, program).resource?.['service.name'],
    };
  }

  it('has the service of its parent, in every thread', (t) => {
    const { service } = setUpParent(t);
    assert.equal(service(), 'shop');
    assert.equal(service('pool-7', 8), 'shop');
  });

  it('also when the parent has ended since, or called exec after it was seen', (t) => {
    const { service, end, processes } = setUpParent(t);
    end();
    processes.remember(6);
    assert.equal(service(), 'shop');
  });

  it('but not that of a program which the parent has called since', (t) => {
    const { service, put, processes } = setUpParent(t);
    put({ startStack: 1 });
    processes.remember(6);
    assert.equal(service(), 'unknown_service:summ');
    assert.equal(service('pool-7', 8), 'unknown_service');
  });

  it('nor that of a process which has adopted it', (t) => {
    assert.equal(setUpParent(t, { startStack: 1 }).service(), 'unknown_service:summ');
  });

  it('nor that of a process whose stack cannot be read', (t) => {
    assert.equal(setUpParent(t, { startStack: 0 }).service(), 'unknown_service:summ');
  });

  it('nor that of one which got the pid of its parent after the stall', (t) => {
    const { service } = setUpParent(t);
    assert.equal(service('summ', 7, STARTED), 'shop');
    assert.equal(service('summ', 7, STARTED - 1n), 'unknown_service:summ');
  });

  it('nor under another name, as what starts containers has before exec', (t) => {
    assert.equal(setUpParent(t).service('(summ)'), 'unknown_service:(summ)');
  });

  it('nor without a parent that is known', (t) => {
    assert.equal(setUpParent(t).service('summ', 7, NOW, { ...FORKED, forkedFrom: 5 }), 'unknown_service:summ');
  });
});

it('4096 processes are remembered; the least recently seen is forgotten', (t) => {
  const { root, processes, end, service, pass } = setUp(t, { environ: 'OTEL_SERVICE_NAME=shop\0' });
  const see = (from: number, count: number) => {
    for (let pid = from; pid < from + count; pid++) {
      putStatus(root, pid, { comm: 'x' });
      processes.lookUp({ pid, tid: pid, comm: 'x' }, NOW);
    }
  };
  see(100, 1);
  assert.equal(service(), 'shop');
  see(101, 4094);
  pass(0);
  assert.equal(service(), 'shop');
  // 4096 are known. Each further one replaces another: those from 100 on, not the one seen last.
  see(10_000, 4095);
  end();
  pass(0);
  assert.equal(service(), 'shop');
  see(20_000, 1);
  pass(0);
  assert.equal(service(), 'unknown_service:summ');
});
