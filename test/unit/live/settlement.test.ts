// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { HANDOVER } from '../../../src/abi.generated.ts';
import { countNotRecorded, type NamedSinkBooks } from '../../../src/event/books.ts';
import type { NotRecordedEvent } from '../../../src/event/event.ts';
import type { SourceBooks } from '../../../src/event/source-books.ts';
import { Settlement } from '../../../src/live/settlement.ts';
import { event, notRecorded } from '../fixtures.ts';

const RING = 1024;
const NO_BOOKS: SourceBooks = { received: 0, decoded: 0, malformed: 0, pendingBytes: 0 };

/** What outlives an agent: the map, the consumer's position of the ring, and until when the programs record. */
class Kernel {
  value = Buffer.alloc(0);
  position = 0;
  recordUntil = 0n;
  /** An agent is killed here. */
  dies: 'never' | 'before' | 'between' = 'never';
  readonly done: string[] = [];

  readMap = () => this.value;
  writeVariable = (name: string, value: number | bigint) => {
    assert.equal(name, 'record_until_ns');
    this.recordUntil = BigInt(value);
  };
  updateMap = (map: string, key: Uint8Array, value: Uint8Array) => {
    assert.equal(map, 'cs_handover');
    if (this.dies === 'before') throw new Error('killed');
    this.value = Buffer.concat([key, value]);
    this.done.push('written');
    if (this.dies === 'between') throw new Error('killed');
  };
  left = (member: keyof typeof HANDOVER) => Number(this.value.readBigUInt64LE(4 + HANDOVER[member].offset));
}

/** An agent: it reads records of 100 bytes, and its only output delivers them when it is told to. */
function agent(t: TestContext, kernel: Kernel, adopted: boolean, unread?: number, startedUnixNs = 11n) {
  const books = { ...NO_BOOKS };
  const reader = {
    position: kernel.position,
    release: (position: number) => {
      kernel.position = position;
      reader.position = Math.max(reader.position, position);
      kernel.done.push('released');
    },
  };
  const sink: NamedSinkBooks = { name: 'otlp', books: { accepted: 0, exported: 0, queued: 0, dropped: {} } };
  const settlement = new Settlement({
    ...{ object: kernel, reader, books, startedUnixNs, ttlNs: 4e9, monotonicNs: () => 7n, ringBytes: RING },
    pinning: { adopted, ...(unread !== undefined && { replaced: { unread, sinceUnixNs: 5n } }) },
    baseline: { before: { migrate: 1, free: 2 }, attached: { migrate: 3, free: 4 } },
  });
  t.after(() => settlement.close());
  settlement.start(() => [sink]);
  return {
    books,
    settlement,
    sink,
    read: (records: number) => {
      const events = Array.from({ length: records }, (_, n) => event(n, { scanned: { migrate: 10, free: 1 } }));
      reader.position += records * 100;
      books.received += records;
      books.decoded += records;
      settlement.read(events);
      sink.books.queued += records;
      settlement.delivered(records);
    },
    report: (...events: NotRecordedEvent[]) => {
      for (const event of events) countNotRecorded(books, event);
      settlement.read(events);
      sink.books.queued += events.length;
      settlement.delivered(events.length);
    },
    deliver: (records: number) => {
      sink.books.queued -= records;
      sink.books.exported += records;
    },
    look: () => t.mock.timers.tick(25),
  };
}

const mocked = (t: TestContext) => t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });

describe('what was read', () => {
  it('stays in the ring until all of it is delivered', (t) => {
    mocked(t);
    const kernel = new Kernel();
    const { read, deliver, look } = agent(t, kernel, false);
    read(1);
    look();
    assert.deepEqual([kernel.position, kernel.left('decoded')], [0, 0]);
    deliver(1);
    look();
    assert.deepEqual([kernel.position, kernel.left('decoded'), kernel.left('position')], [100, 1, 100]);
    assert.equal(kernel.left('unsettled'), 0);
    assert.equal(kernel.left('unsettledSinceUnixNs'), 2 ** 64, 'none');
  });

  it('is given up when it takes more than an eighth of the ring, and is lost then if the agent is killed', (t) => {
    mocked(t);
    const kernel = new Kernel();
    const { read, look } = agent(t, kernel, false);
    read(2);
    look();
    assert.deepEqual([kernel.position, kernel.left('unsettled')], [200, 2]);
    const next = agent(t, kernel, true);
    assert.deepEqual(next.books.earlier, { events: 2, lost: 2, undelivered: 2 });
  });

  it('but not delivered when the agent is killed is read again, and counted once', (t) => {
    mocked(t);
    const kernel = new Kernel();
    const first = agent(t, kernel, false);
    first.read(1);
    first.deliver(1);
    first.look();
    first.read(1);
    first.look();
    const next = agent(t, kernel, true);
    assert.deepEqual([next.books.received, next.books.decoded, kernel.position], [1, 1, 100]);
    assert.deepEqual(next.books.earlier, { events: 1, lost: 0, undelivered: 0 });
    assert.deepEqual(next.settlement.scanned, { migrate: 10, free: 1 });
    assert.deepEqual(next.settlement.baseline, {
      before: { migrate: 1, free: 2 },
      attached: { migrate: 3, free: 4 },
    });
  });

  it('and what outputs dropped stays lost', (t) => {
    mocked(t);
    const kernel = new Kernel();
    const first = agent(t, kernel, false, 3);
    first.read(1);
    first.sink.books.queued = 0;
    first.sink.books.dropped = { queue_full: 1, not_sampled: 5 };
    first.settlement.finish();
    assert.deepEqual(agent(t, kernel, true).books.earlier, { events: 1, lost: 4, undelivered: 3 });
  });
});

describe('a kill while it is written down', () => {
  for (const [dies, position, decoded] of [
    ['before', 0, 0],
    ['between', 100, 1],
  ] as const) {
    it(`${dies} the ring's position moves: the next agent has a position and books that belong together`, (t) => {
      mocked(t);
      const kernel = new Kernel();
      const { read, deliver, look } = agent(t, kernel, false);
      read(1);
      deliver(1);
      kernel.dies = dies;
      assert.throws(look, /killed/);
      assert.equal(kernel.position, 0);
      kernel.dies = 'never';
      const next = agent(t, kernel, true);
      assert.deepEqual([kernel.position, next.books.decoded], [position, decoded]);
    });
  }

  it('the books are always written first', (t) => {
    mocked(t);
    const kernel = new Kernel();
    agent(t, kernel, false);
    assert.deepEqual(kernel.done, ['written', 'released']);
  });

  it('before anything was written: the next agent begins', (t) => {
    mocked(t);
    const kernel = new Kernel();
    const { books, settlement } = agent(t, kernel, true);
    assert.deepEqual(books.earlier, { events: 0, lost: 0, undelivered: 0 });
    assert.equal(settlement.baseline, undefined, 'the counters from before the attach are not known');
  });
});

it('lets the programs record for the time to live, again and again', (t) => {
  mocked(t);
  const kernel = new Kernel();
  const { settlement } = agent(t, kernel, false);
  assert.equal(kernel.recordUntil, 4_000_000_007n);
  kernel.recordUntil = 0n;
  t.mock.timers.tick(1000);
  assert.equal(kernel.recordUntil, 4_000_000_007n, 'four times in that time');
  kernel.recordUntil = 0n;
  settlement.finish();
  assert.equal(kernel.recordUntil, 4_000_000_007n, 'and from the end on');
});

it('tells since when the programs count, whoever attached them', (t) => {
  mocked(t);
  const kernel = new Kernel();
  for (const [adopted, startedUnixNs] of [
    [false, 11n],
    [true, 12n],
    [true, 13n],
  ] as const) {
    const { settlement } = agent(t, kernel, adopted, undefined, startedUnixNs);
    settlement.finish();
    assert.equal(settlement.sinceUnixNs, 11n);
  }
  assert.equal(agent(t, kernel, false, undefined, 14n).settlement.sinceUnixNs, 14n, 'other programs');
});

describe('reports of what was left out or lost', () => {
  const { sumNano: _, longestNano: __, limit: ___, ...gap } = notRecorded();
  const lost = (count: number, reason = 'ring_full', change = {}) => ({ ...gap, count, reason, ...change });

  it('that were delivered are not made again: the next agent has them by reason', (t) => {
    mocked(t);
    const kernel = new Kernel();
    const { report, deliver, look } = agent(t, kernel, false);
    report(lost(4), lost(3), lost(2, 'skipped'), lost(9, 'rate', { sumNano: 70 }));
    deliver(4);
    look();
    const next = agent(t, kernel, true);
    const compactions = { ring_full: 7, skipped: 2, rate: 9 };
    assert.deepEqual(next.books.notRecorded, { events: 4, compactions });
    assert.deepEqual(next.settlement.reported, { count: 9, sumNs: 70, atNs: 7n });
    assert.deepEqual(next.books.earlier, { events: 4, lost: 0, undelivered: 0 });
  });

  it('that were not delivered are made again, from the same time on, and are no lost events', (t) => {
    mocked(t);
    const kernel = new Kernel();
    const { report, read, deliver, look } = agent(t, kernel, false);
    report(lost(4));
    deliver(1);
    // More than the ring keeps: the agent is killed after it has given up on them.
    report(lost(5, 'ring_full', { startUnixNano: '3' }), lost(6, 'rate', { sumNano: 70 }));
    read(2);
    look();
    assert.equal(kernel.left('unsettled'), 2);
    const next = agent(t, kernel, true);
    assert.deepEqual(next.books.notRecorded, { events: 1, compactions: { ring_full: 4 } });
    assert.deepEqual(next.settlement.reported, { count: 0, sumNs: 0, atNs: 7n });
    assert.deepEqual(next.books.earlier, { events: 3, lost: 2, undelivered: 2 });
    assert.equal(next.settlement.lossesSinceUnixNs, 3n);
  });

  it('begin where the last agent knew of no other loss; for the first one at the attach', (t) => {
    mocked(t);
    const kernel = new Kernel();
    const { settlement } = agent(t, kernel, false);
    assert.equal(settlement.lossesSinceUnixNs, 11n);
    settlement.reportLosses(() => 600n);
    settlement.finish();
    const next = agent(t, kernel, true, undefined, 900n);
    assert.equal(next.settlement.lossesSinceUnixNs, 600n);
    assert.equal(agent(t, new Kernel(), true).settlement.lossesSinceUnixNs, 0n, 'nothing was left: not known');
  });

  it('of what an agent did not deliver begin with the first of it, and until they are delivered', (t) => {
    mocked(t);
    const kernel = new Kernel();
    const { read, look } = agent(t, kernel, false);
    const first = BigInt(event(0).startUnixNano);
    read(2);
    look();
    const second = agent(t, kernel, true);
    assert.equal(second.settlement.undeliveredSinceUnixNs, first);
    second.settlement.finish();
    const third = agent(t, kernel, true);
    assert.equal(third.settlement.undeliveredSinceUnixNs, first, 'nobody has reported it');
    third.report(lost(2, 'earlier_agent'));
    third.deliver(1);
    third.settlement.finish();
    const fourth = agent(t, kernel, true);
    assert.deepEqual(fourth.books.notRecorded, { events: 1, compactions: { earlier_agent: 2 } });
    assert.notEqual(fourth.settlement.undeliveredSinceUnixNs, first);
    assert.equal(agent(t, new Kernel(), false, 3).settlement.undeliveredSinceUnixNs, 5n, 'of replaced programs');
  });
});
