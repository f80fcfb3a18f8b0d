// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { hostname } from 'node:os';
import { describe, it } from 'node:test';
import type { ApplicationSpan } from '../../../src/correlate/application-span.ts';
import { Correlations } from '../../../src/correlate/correlations.ts';
import { isOfHost } from '../../../src/correlate/host.ts';
import { correlate } from '../../../src/correlate/overlap.ts';
import { Stalls } from '../../../src/correlate/stalls.ts';
import type { AgentEvent, CompactionEvent } from '../../../src/event/event.ts';
import { thisHost } from '../../../src/event/this-host.ts';
import { event, notRecorded } from '../fixtures.ts';

const PID = 500;
const span = (from: number, to: number, more: Partial<ApplicationSpan> = {}): ApplicationSpan => ({
  ...{ traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), name: 'GET /', service: 'checkout', pid: PID },
  ...{ from: BigInt(from), to: BigInt(to) },
  ...more,
});
const stall = (from: number, to: number, more: Partial<CompactionEvent> = {}): CompactionEvent =>
  event(from, { startUnixNano: `${from}`, durationNano: to - from, pid: PID, tid: PID, ...more });

function found(one: ApplicationSpan, events: readonly CompactionEvent[], ofHost = true) {
  const stalls = new Stalls();
  for (const each of events) stalls.add(each);
  return correlate(one, stalls, ofHost);
}

describe('how much of a span was stalled', () => {
  it('is what the stalls of its process have in common with it', () => {
    const events = [stall(90, 110), stall(150, 160), stall(190, 300), stall(120, 130, { pid: 501 })];
    const { stalledNano, certainty, stalls } = found(span(100, 200), events)!;
    assert.deepEqual([stalledNano, certainty], [10 + 10 + 10, 'process']);
    assert.equal(stalls.length, 3);
  });

  it('counts all stalls of a long span, and keeps the longest: many such spans fit into memory', () => {
    const events = Array.from({ length: 3000 }, (_, i) => stall(10_000 * i, 10_000 * i + i + 1));
    const { stalledNano, stallCount, stalls } = found(span(0, 30_000_000), events)!;
    assert.deepEqual([stalledNano, stallCount, stalls.length], [(3000 * 3001) / 2, 3000, 1000]);
    assert.deepEqual([stalls[0]!.overlapNano, stalls.at(-1)!.overlapNano], [3000, 2001]);
  });

  it('is nothing where they only touch, and where the span is of another host, or names no process', () => {
    assert.equal(found(span(100, 200), [stall(50, 100), stall(200, 250)]), undefined);
    assert.equal(found(span(100, 200), [stall(100, 200)], false), undefined);
    const { pid: _, ...nameless } = span(100, 200);
    assert.equal(found(nameless, [stall(100, 200)]), undefined);
  });

  it('counts each moment once, as counting moment by moment does', () => {
    let seed = 7;
    const random = (below: number) => {
      seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
      return seed % below;
    };
    for (let round = 0; round < 200; round++) {
      const events = Array.from({ length: 12 }, (_, i) => {
        const from = random(300);
        return stall(from, from + random(80), { tid: PID + i, spanId: `${i}`.padStart(16, '0') });
      });
      const from = 100 + random(50);
      const one = span(from, from + 1 + random(100));
      let moments = 0;
      for (let at = Number(one.from); at < Number(one.to); at++) {
        const isStalled = ({ startUnixNano, durationNano }: CompactionEvent) =>
          Number(startUnixNano) <= at && at < Number(startUnixNano) + durationNano;
        if (events.some(isStalled)) moments += 1;
      }
      assert.equal(found(one, events)?.stalledNano ?? 0, moments);
    }
  });
});

describe('how sure it is', () => {
  const active = (more: Partial<CompactionEvent> = {}) =>
    stall(110, 120, {
      context: { source: 'thread', traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), flags: 1, relation: 'child' },
      ...more,
    });

  it('says the surest, with what only stalls of that certainty took', () => {
    const events = [active(), stall(130, 160), stall(150, 190, { tid: 777 })];
    const one = found(span(100, 200, { threadId: 777 }), events)!;
    assert.deepEqual([one.certainty, one.stalledNano, one.inProcessNano], ['active_span', 10, 70]);
    const thread = found(span(100, 200, { threadId: 777, spanId: 'c'.repeat(16) }), events)!;
    assert.deepEqual([thread.certainty, thread.stalledNano, thread.inProcessNano], ['thread', 40, 70]);
  });

  it('needs no number of a process where the active span is known: in a container it is another', () => {
    assert.equal(found(span(100, 200, { pid: 1 }), [active()], false)!.certainty, 'active_span');
  });

  it('goes by the name of the thread, as Linux or the JVM cut it, and by its number only without a name', () => {
    const certainty = (threadName: string, comm: string, tid = 777) =>
      found(span(100, 200, { threadName, threadId: 777 }), [stall(110, 120, { comm, tid })])!.certainty;
    assert.equal(certainty('worker-1', 'worker-1', 5), 'thread');
    assert.equal(certainty('worker-1', 'worker-2'), 'process');
    assert.equal(certainty('http-nio-8080-exec-1', 'http-ni..exec-1', 5), 'thread');
    assert.equal(certainty('http-nio-8080-exec-1', 'http-nio-8080-e'), 'process');
    assert.equal(found(span(100, 200, { threadId: 5 }), [stall(110, 120, { tid: 5 })])!.certainty, 'thread');
    assert.equal(found(span(100, 200, { threadId: 0 }), [stall(110, 120, { tid: 0 })])!.certainty, 'process');
  });
});

it('a host is known by its id or its name; a tracer that names none does not say that it is another', () => {
  const host = { names: ['abc', 'vm'] };
  const cases = [
    [{}, true],
    [{ hostId: 'abc', hostName: 'pod-1' }, true],
    [{ hostName: 'vm' }, true],
    [{ hostId: 'x' }, false],
  ] as const; // prettier-ignore
  for (const [more, expected] of cases) assert.equal(isOfHost(span(0, 1, more), host), expected);
});

it('of many spans those that were stalled for longest are kept, each once, and all are counted', () => {
  const all = new Correlations(3);
  all.addEvents([stall(0, 1000), notRecorded({ count: 5 })]);
  all.choose('vm');
  for (let i = 1; i <= 100; i++) all.addSpan(span(0, i, { spanId: `${i}`.padStart(16, '0') }));
  all.addSpan(span(0, 100, { spanId: '100'.padStart(16, '0') }));
  assert.deepEqual(
    all.longest().map(({ stalledNano }) => stalledNano),
    [100, 99, 98],
  );
  const { spans, stalled, notRecorded: lacking, withoutPid, ofHost } = all.looked;
  assert.deepEqual([spans, stalled, lacking, withoutPid, ofHost], [100, 100, 5, 0, 100]);
});

describe('the hosts of a recording', () => {
  const on = (name: string, id: string) => stall(0, 1000, { host: { name, id } });
  const found = (events: readonly AgentEvent[], wanted: string | undefined, more: Partial<ApplicationSpan>) => {
    const all = new Correlations(3);
    all.addEvents(events);
    all.choose(wanted);
    all.addSpan(span(0, 10, more));
    return all.looked.stalled === 1;
  };

  it('the stalls are of the host that the recording says, whatever this one is called', () => {
    for (const more of [{ hostName: 'node-7' }, { hostId: 'f00' }]) {
      assert.ok(found([on('node-7', 'f00')], undefined, more));
      assert.ok(!found([stall(0, 1000)], undefined, more), 'without a host it is this one');
    }
    assert.ok(!found([on('node-7', 'f00')], undefined, { hostName: hostname() }));
  });

  it('of a single one --host may be another name, of several it is one of theirs', () => {
    assert.ok(found([on('node-7', 'f00')], 'node-7.example', { hostName: 'node-7.example' }));
    assert.ok(!found([on('node-7', 'f00')], 'node-7.example', { hostName: 'node-7' }));
    const two = [on('node-7', 'f00'), on('node-8', 'f01')];
    assert.ok(found(two, 'f01', { hostName: 'node-8' }));
    assert.ok(!found(two, 'node-7', { hostName: 'node-8' }));
    const all = new Correlations(3);
    all.addEvents(two);
    assert.throws(() => all.choose(undefined), /stalls of 2 hosts \(node-7, node-8\), .* Choose it with --host\./);
    assert.throws(() => all.choose('node-9'), /--host: .*\(node-7, node-8\), and none of them is called node-9/);
  });

  it('what is not recorded counts for its host, and for each where that is not known', () => {
    const gap = (count: number, name?: string) => notRecorded({ count, ...(name && { host: { name, id: 'f00' } }) });
    const all = new Correlations(3);
    all.addEvents([on('node-7', 'f00'), on('node-8', 'f01'), gap(5, 'node-7'), gap(3)]);
    all.choose('node-7');
    assert.equal(all.looked.notRecorded, 8);
    all.choose('node-8');
    assert.equal(all.looked.notRecorded, 3);
    const one = new Correlations(3);
    one.addEvents([on('node-7', 'f00'), gap(3)]);
    one.choose(undefined);
    assert.equal(one.looked.notRecorded, 3);
  });

  it('two with one name are told apart by their ids', () => {
    const two = [on('debian', 'f00'), on('debian', 'f01')];
    const all = new Correlations(3);
    all.addEvents(two);
    assert.throws(
      () => all.choose('debian'),
      /--host: .* 2 hosts \(debian f00, debian f01\) that are called debian\. Choose one by its host\.id\./,
    );
    assert.equal(all.choose('f01').count, 1);
  });

  it('a line that names none is of this one, beside lines that name it', () => {
    const all = new Correlations(3);
    all.addEvents([stall(0, 1000), stall(2000, 3000, { host: thisHost(process.env) })]);
    assert.equal(all.choose(undefined).count, 2);
  });
});
