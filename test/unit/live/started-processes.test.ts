// SPDX-License-Identifier: Apache-2.0
// When the agent looks at processes that started, with a table that the test fills. test/kernel/wakeups.test.ts has the real one.
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { BpfObject } from 'bpf-loader-native';
import { START_NOTICE, START_PERIOD, STARTED_PROCESS, STARTED_PROCESS_SIZE } from '../../../src/abi.generated.ts';
import { StartedProcesses } from '../../../src/live/started-processes.ts';

const PLACES = 64;
const PERIOD_MS = 2 ** START_PERIOD.SHIFT / 1e6;

function setUp(t: TestContext) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const table = new Uint8Array(PLACES * STARTED_PROCESS_SIZE);
  const view = new DataView(table.buffer);
  const variables = { start_notice: 0, looked_at_starts: 0 };
  // A host that runs for a year; the looks are in its time.
  let nowMs = 365 * 86_400_000;
  let began = nowMs;
  const looks: number[] = [];
  const alive: string[] = [];
  const seconds = () => Math.round((nowMs - began) / 100) / 10;
  const object = {
    readVariable: (_: string, into?: Uint8Array) => {
      if (into) looks.push(seconds());
      into?.set(table);
      return into ?? table;
    },
    writeVariable: (name: keyof typeof variables, value: number) => {
      variables[name] = value;
    },
  };
  const started = new StartedProcesses(
    object as unknown as BpfObject,
    () => BigInt(Math.round(nowMs * 1e6)),
    (pid) => alive.push(`${pid} at ${seconds()}`),
  );
  t.after(() => started.close());
  const put = (pid: number, process: number) => {
    const at = (pid % PLACES) * STARTED_PROCESS_SIZE;
    view.setUint32(at + STARTED_PROCESS.process.offset, process, true);
    view.setUint32(at + STARTED_PROCESS.pid.offset, pid, true);
    view.setUint32(at + STARTED_PROCESS.period.offset, nowMs / PERIOD_MS, true);
  };
  const pass = (ms: number) => {
    for (let i = 0; i < ms; i += 10) {
      nowMs += 10;
      t.mock.timers.tick(10);
    }
  };
  // The first look is for what started before.
  pass(1000);
  assert.deepEqual(looks.splice(0), [0.2]);
  began = nowMs;
  return {
    started,
    looks,
    alive,
    pass,
    wanted: () => variables.start_notice,
    /** A process starts; the programs report it if that is wanted. */
    start: (pid: number, isLiving = false) => {
      put(pid, pid + 1000);
      const { start_notice: wanted } = variables;
      if (wanted === START_NOTICE.NONE || (wanted === START_NOTICE.LIVING && !isLiving)) return;
      variables.start_notice = START_NOTICE.NONE;
      started.noticed();
    },
    end: (pid: number) => put(pid, 0),
  };
}

describe('a process that starts a program', () => {
  it('is looked at 0.2, 2 and 15 s later, and otherwise there is no look', (t) => {
    const { alive, looks, pass, start } = setUp(t);
    pass(5000);
    start(7);
    pass(100_000);
    assert.deepEqual(alive, ['7 at 5.2', '7 at 7', '7 at 20']);
    assert.equal(looks.length, alive.length);
  });

  it('and ends at once: one look, which finds nothing', (t) => {
    const { alive, looks, pass, start, end } = setUp(t);
    start(7);
    end(7);
    pass(100_000);
    assert.deepEqual(alive, []);
    assert.deepEqual(looks, [0.2]);
  });

  it('and ends later: no look after that', (t) => {
    const { alive, looks, pass, start, end } = setUp(t);
    start(7);
    pass(1000);
    end(7);
    pass(100_000);
    assert.deepEqual(alive, ['7 at 0.2']);
    assert.equal(looks.length, 2, 'it was due');
  });

  it('soon after another: not later than that', (t) => {
    const { alive, pass, start } = setUp(t);
    start(7);
    pass(100);
    start(8);
    pass(400);
    start(9);
    pass(400);
    assert.deepEqual(alive, ['7 at 0.2', '8 at 0.4', '9 at 0.7']);
  });
});

describe('processes that start all the time', () => {
  /** Starts twenty a second, each of which ends at once. */
  function startMany({ start, end, pass }: ReturnType<typeof setUp>, seconds: number): void {
    for (let i = 0; i < seconds * 20; i++) {
      start(i % 50);
      end(i % 50);
      pass(50);
    }
  }

  it('one look a second, and no report, from the second second on', (t) => {
    const all = setUp(t);
    startMany(all, 2);
    const before = all.looks.length;
    assert.ok(before <= 7, `${before} looks`);
    startMany(all, 600);
    assert.ok(all.looks.length - before <= 600, `${all.looks.length - before} looks in 600 s`);
    assert.equal(all.wanted(), START_NOTICE.LIVING);
    assert.deepEqual(all.alive, []);
    all.pass(10_000);
    const after = all.looks.length;
    all.pass(100_000);
    assert.equal(all.looks.length, after);
    assert.equal(all.wanted(), START_NOTICE.ANY);
  });

  it('one of them lives on: looked at when the next start reports it', (t) => {
    const all = setUp(t);
    startMany(all, 10.5);
    all.start(60);
    all.pass(210);
    assert.deepEqual(all.alive, []);
    all.start(1, true);
    assert.equal(all.alive.length, 1);
    assert.match(all.alive[0]!, /^60 at /);
  });

  it('one lives on, and none starts after it: looked at within a second', (t) => {
    const all = setUp(t);
    startMany(all, 10.5);
    all.start(60);
    all.pass(1210);
    assert.equal(all.alive.length, 1);
  });
});

it('a report that comes twice, or late, does no harm', (t) => {
  const { started, alive, pass, start } = setUp(t);
  start(7);
  started.noticed();
  pass(300);
  started.noticed();
  pass(300);
  assert.deepEqual(alive, ['7 at 0.2']);
});

it('nothing after the end', (t) => {
  const { started, looks, pass, start } = setUp(t);
  start(7);
  started.close();
  pass(100_000);
  start(8);
  pass(100_000);
  assert.deepEqual(looks, []);
});
