// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { BOOKS_SIZE } from '../../../src/abi.generated.ts';
import { countNotRecorded } from '../../../src/event/books.ts';
import type { NotRecordedEvent } from '../../../src/event/event.ts';
import { decodeKernelBooks, type SourceBooks } from '../../../src/event/source-books.ts';
import { SOURCE_LOSSES } from '../../../src/event/source-losses.ts';
import { Losses } from '../../../src/live/losses.ts';

const EPOCH = 1_795_000_000_000_000_000n;
const SECOND = 1_000_000_000n;

/** A source whose clock goes on with the timers, and by a nanosecond with each reading. */
function setUp(t: TestContext, given: { sinceUnixNs?: bigint; undeliveredSinceUnixNs?: bigint } = {}) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let nowUnixNs = EPOCH;
  const reads = { some: 0, all: 0 };
  const kernel = decodeKernelBooks(Buffer.alloc(BOOKS_SIZE));
  const books: SourceBooks = { kernel, programMisses: 0, received: 0, decoded: 0, malformed: 0, pendingBytes: 0 };
  const reports: NotRecordedEvent[][] = [];
  /** Called just before the books are read, and just after. */
  const during = { before: () => {}, after: () => {} };
  const losses = new Losses({
    clock: { now: () => (nowUnixNs += 1n) },
    sinceUnixNs: EPOCH - SECOND,
    ...given,
    read: (all) => {
      during.before();
      reads[all ? 'all' : 'some'] += 1;
      const { programMisses, ...rest } = books;
      const read = { ...rest, kernel: { ...kernel }, ...(all && { programMisses: programMisses! }) };
      during.after();
      return read;
    },
    report: (events) => {
      reports.push([...events]);
      for (const event of events) countNotRecorded(books, event);
    },
  });
  return {
    ...{ losses, kernel, books, reports, reads, during },
    now: () => nowUnixNs,
    tick: () => (nowUnixNs += 5n),
    seconds: (n: number) => {
      for (let i = 0; i < n * 10; i++) {
        nowUnixNs += SECOND / 10n;
        t.mock.timers.tick(100);
      }
    },
    finish: () => losses.finish(books, nowUnixNs),
    counts: () => reports.flat().map(({ reason, count }) => [reason, count]),
  };
}

const windowOf = ({ startUnixNano, durationNano }: NotRecordedEvent) => {
  const start = BigInt(startUnixNano);
  return [start, start + BigInt(durationNano)] as const;
};

describe('what the source lost', () => {
  it('nothing: no event, no timer, only one look when the ring is read', (t) => {
    const { losses, reports, reads, seconds, finish } = setUp(t);
    losses.look();
    seconds(10);
    assert.deepEqual(reads, { some: 0, all: 1 });
    finish();
    assert.deepEqual(reports, []);
  });

  it('is an event with its number and reason, and without what is not known', (t) => {
    const { losses, kernel, reports, seconds } = setUp(t);
    kernel.ringFull = 7;
    losses.look();
    seconds(2);
    const { traceId, spanId, startUnixNano: _, durationNano: __, ...rest } = reports[0]![0]!;
    assert.deepEqual(rest, { v: 1, kind: 'not_recorded', count: 7, reason: 'ring_full' });
    assert.match(`${traceId} ${spanId}`, /^[0-9a-f]{32} [0-9a-f]{16}$/);
  });

  it('has each reason of the list, and those of one second come together', (t) => {
    const { losses, kernel, books, reports, seconds } = setUp(t);
    Object.assign(kernel, { ringFull: 1, evictedTableFull: 2, evictedOverwritten: 3, evictedNoControl: 4 });
    Object.assign(kernel, { noScratch: 5, evictedExpired: 6 });
    Object.assign(books, { programMisses: 7, malformed: 8, earlier: { events: 20, lost: 10, undelivered: 9 } });
    losses.look();
    seconds(2);
    assert.equal(reports.length, 1);
    assert.deepEqual(
      reports[0]!.map(({ reason, count }) => [reason, count]),
      SOURCE_LOSSES.map(({ reason }, i) => [reason, i === 4 ? 5 : i + 1]),
    );
  });

  it('is one event a second, also when the ring is not read any more, and none when it is over', (t) => {
    const { losses, kernel, counts, reads, seconds } = setUp(t);
    for (let second = 0; second < 5; second++) {
      for (let i = 0; i < 10; i++) {
        kernel.ringFull += 1;
        if (second === 0) losses.look();
        seconds(0.1);
      }
    }
    seconds(2);
    assert.deepEqual(counts(), Array(5).fill(['ring_full', 10]));
    const before = { ...reads };
    seconds(100);
    assert.deepEqual(reads, before, 'nothing runs');
    kernel.noScratch += 1;
    losses.look();
    seconds(2);
    assert.deepEqual(counts().at(-1), ['no_scratch', 1]);
  });

  it('has a window that begins before it and ends after it, whenever it came', (t) => {
    const { losses, kernel, reports, seconds, tick, finish, during } = setUp(t);
    const lost: bigint[] = [];
    const lose = () => {
      lost.push(tick());
      kernel.ringFull += 1;
      tick();
    };
    for (let i = 0; i < 400; i++) {
      if (i % 7 < 2) lose();
      during.before = i % 11 === 0 ? lose : () => {};
      during.after = i % 13 === 0 ? lose : () => {};
      if (i % 3 === 0) losses.look();
      seconds(((i * 7919) % 5) / 10);
    }
    finish();
    const events = reports.flat();
    assert.equal(events.reduce((sum, { count }) => sum + count, 0), lost.length); // biome-ignore format: one line
    for (const event of events) {
      const [start, end] = windowOf(event);
      for (const at of lost.splice(0, event.count)) assert.ok(start <= at && at <= end, `${start} ${at} ${end}`);
    }
  });

  it('has a window from the attach on, however late the first look is', (t) => {
    const { losses, kernel, reports, seconds, finish } = setUp(t);
    kernel.ringFull = 1;
    seconds(3);
    losses.look();
    finish();
    assert.equal(windowOf(reports[0]![0]!)[0], EPOCH - SECOND);
  });

  it('has a window that begins at the last look, for each reason', (t) => {
    const { losses, kernel, reports, seconds, now, finish } = setUp(t);
    seconds(1);
    losses.look();
    const looked = now();
    seconds(1);
    kernel.noScratch = 1;
    finish();
    assert.equal(windowOf(reports[0]![0]!)[0], looked);
  });

  it('at the end is all reported, and once', (t) => {
    const { losses, kernel, books, counts, finish, seconds } = setUp(t);
    kernel.evictedNoControl = 3;
    losses.look();
    books.programMisses = 2;
    finish();
    finish();
    seconds(5);
    assert.deepEqual(counts(), [['no_control', 3], ['skipped', 2]]); // biome-ignore format: one line
  });

  it('makes a system call once a second at most, and what was not read has no window that begins there', (t) => {
    const { losses, books, reports, reads, seconds, now } = setUp(t);
    losses.look();
    const read = now();
    for (let i = 0; i < 9; i++) {
      seconds(0.1);
      if (i === 4) books.programMisses = 1;
      losses.look();
    }
    assert.deepEqual(reads, { some: 9, all: 1 });
    seconds(0.1);
    losses.look();
    seconds(1);
    const [event] = reports.flat();
    assert.equal(event!.reason, 'skipped');
    assert.equal(windowOf(event!)[0], read);
  });

  it('of an earlier agent is reported from its first one on, and nothing that it has reported', (t) => {
    const undeliveredSinceUnixNs = EPOCH - 50n * SECOND;
    const { losses, kernel, books, reports, counts, finish } = setUp(t, { undeliveredSinceUnixNs });
    kernel.ringFull = 12;
    books.notRecorded = { events: 2, compactions: { ring_full: 10, rate: 3, earlier_agent: 1 } };
    books.earlier = { events: 5, lost: 8, undelivered: 4 };
    losses.look();
    finish();
    assert.deepEqual(counts(), [['ring_full', 2], ['earlier_agent', 3]]); // biome-ignore format: one line
    assert.deepEqual(
      reports.flat().map((event) => windowOf(event)[0]),
      [EPOCH - SECOND, undeliveredSinceUnixNs],
    );
  });

  it('is known to be reported up to a time, which the next agent goes on from', (t) => {
    const { losses, kernel, seconds, now, finish } = setUp(t);
    assert.equal(losses.sinceUnixNs, EPOCH - SECOND);
    seconds(1);
    losses.look();
    const looked = now();
    kernel.ringFull = 1;
    seconds(0.5);
    losses.look();
    assert.equal(losses.sinceUnixNs, looked);
    finish();
    assert.ok(losses.sinceUnixNs > looked);
  });

  it('has a window also when the clock was set back', (t) => {
    const { losses, kernel, reports, finish } = setUp(t, { sinceUnixNs: EPOCH + 3600n * SECOND });
    kernel.ringFull = 1;
    losses.look();
    finish();
    assert.equal(reports[0]![0]!.durationNano, 0);
  });
});
