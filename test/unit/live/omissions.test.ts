// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { BOOKS, BOOKS_SIZE, OMISSIONS, OMISSIONS_SIZE } from '../../../src/abi.generated.ts';
import type { NotRecordedEvent } from '../../../src/event/event.ts';
import { EpochClock } from '../../../src/kernel/clock.ts';
import { Omissions } from '../../../src/live/omissions.ts';

const SLOTS = 64;
const EPOCH = 1_795_000_000_000_000_000n;
const clock = new EpochClock(() => ({ monotonicNs: 0n, realtimeNs: EPOCH, boottimeNs: 0n, uncertaintyNs: 0 }));

/** The kernel's memory, and its side of bpf/rate_limit.h. */
class Memory {
  readonly #books = Buffer.alloc(BOOKS_SIZE);
  readonly #omissions = Buffer.alloc(2 * SLOTS * OMISSIONS_SIZE);
  period = 1;
  reads = 0;

  readVariable(name: string): Buffer {
    this.reads += 1;
    if (name === 'omission_period') return Buffer.from(Uint32Array.of(this.period).buffer);
    return Buffer.from(name === 'books' ? this.#books : this.#omissions);
  }

  writeVariable(name: string, value: number | bigint): void {
    assert.equal(name, 'omission_period');
    this.period = Number(value);
  }

  /** @param period of a program that read it a while ago */
  omit(cpu: number, beginNs: number, durationNs: number, period = this.period): void {
    const place = ((period % 2) * SLOTS + (cpu % SLOTS)) * OMISSIONS_SIZE;
    const get = ({ offset }: { offset: number }) => this.#omissions.readBigUInt64LE(place + offset);
    const set = ({ offset }: { offset: number }, value: bigint | number) =>
      this.#omissions.writeBigUInt64LE(BigInt(value), place + offset);
    if (this.#omissions.readUInt32LE(place + OMISSIONS.period.offset) !== period) {
      this.#omissions.writeUInt32LE(period, place + OMISSIONS.period.offset);
      set(OMISSIONS.longestNs, 0);
      set(OMISSIONS.firstBeginNs, beginNs);
      set(OMISSIONS.lastEndNs, 0);
    }
    if (durationNs > get(OMISSIONS.longestNs)) set(OMISSIONS.longestNs, durationNs);
    if (beginNs < get(OMISSIONS.firstBeginNs)) set(OMISSIONS.firstBeginNs, beginNs);
    if (beginNs + durationNs > get(OMISSIONS.lastEndNs)) set(OMISSIONS.lastEndNs, beginNs + durationNs);
    set(OMISSIONS.durationNs, get(OMISSIONS.durationNs) + BigInt(durationNs));
    set(OMISSIONS.number, get(OMISSIONS.number) + 1n);
    this.#books.writeBigUInt64LE(
      this.#books.readBigUInt64LE(BOOKS.filteredRate.offset) + 1n,
      BOOKS.filteredRate.offset,
    );
  }
}

function setUp(t: TestContext) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const memory = new Memory();
  const events: NotRecordedEvent[] = [];
  const omissions = new Omissions(memory, clock, 200, (event) => events.push(event));
  const seconds = (n: number) => {
    for (let i = 0; i < n; i++) t.mock.timers.tick(1000);
  };
  const sums = () => events.map(({ count, sumNano, longestNano }) => [count, sumNano, longestNano]);
  return { memory, events, omissions, seconds, sums };
}

describe('what the limit left out', () => {
  it('nothing: no event, no timer, only one look when the ring is read', (t) => {
    const { memory, events, omissions, seconds } = setUp(t);
    omissions.look();
    seconds(10);
    assert.equal(memory.reads, 1);
    omissions.finish();
    assert.deepEqual(events, []);
  });

  it('is an event with its number, sum, longest, from and to', (t) => {
    const { memory, events, omissions, seconds } = setUp(t);
    memory.omit(0, 5_000, 300);
    memory.omit(1, 2_000, 70);
    memory.omit(65, 9_000, 200);
    omissions.look();
    seconds(2);
    const { traceId, spanId, ...rest } = events[0]!;
    assert.deepEqual(rest, {
      v: 1,
      kind: 'not_recorded',
      startUnixNano: String(EPOCH + 2_000n),
      durationNano: 7_200,
      count: 3,
      sumNano: 570,
      longestNano: 300,
      reason: 'rate',
      limit: 200,
    });
    assert.match(`${traceId} ${spanId}`, /^[0-9a-f]{32} [0-9a-f]{16}$/);
  });

  it('is one event a second, and none when the storm is over', (t) => {
    const { memory, omissions, seconds, sums } = setUp(t);
    for (let second = 0; second < 5; second++) {
      memory.omit(0, second * 1_000, 10 + second);
      memory.omit(1, second * 1_000, 5);
      omissions.look();
      seconds(1);
    }
    seconds(5);
    assert.deepEqual(sums(), [10, 11, 12, 13, 14].map((longest) => [2, longest + 5, longest])); // biome-ignore format: one line
    const { reads } = memory;
    seconds(100);
    assert.equal(memory.reads, reads, 'nothing runs');
    memory.omit(0, 1_000_000, 3);
    omissions.look();
    seconds(2);
    assert.deepEqual(sums().at(-1), [1, 3, 3]);
  });

  it('that is counted late, after its period was read, is in a later event', (t) => {
    const { memory, omissions, seconds, sums } = setUp(t);
    memory.omit(0, 1_000, 10);
    omissions.look();
    seconds(2);
    memory.omit(0, 1_000, 7, 1);
    omissions.look();
    omissions.finish();
    assert.equal(sums().reduce((sum, [count]) => sum + count!, 0), 2); // biome-ignore format: one line
    assert.equal(sums().reduce((sum, [, ns]) => sum + ns!, 0), 17); // biome-ignore format: one line
  });

  it('at the end of the run is all reported, to the ns', (t) => {
    const { memory, omissions, seconds, sums } = setUp(t);
    let [number, sum] = [0, 0];
    for (let i = 0; i < 1050; i++) {
      const durationNs = (i * 7919) % 100_003;
      memory.omit(i % 7, i * 1_000, durationNs);
      number += 1;
      sum += durationNs;
      if (i % 50 === 0) omissions.look();
      if (i % 100 === 99) seconds(1);
    }
    omissions.finish();
    assert.equal(sums().reduce((all, [count]) => all + count!, 0), number); // biome-ignore format: one line
    assert.equal(sums().reduce((all, [, ns]) => all + ns!, 0), sum); // biome-ignore format: one line
  });

  it('goes on where an earlier agent was: what it reported is not reported again, and the rest is', (t) => {
    const { memory, omissions, seconds, sums } = setUp(t);
    memory.omit(0, 5_000, 300);
    omissions.look();
    seconds(3);
    // Its end, and what is left out while no agent is there.
    omissions.finish();
    const [count, sumNs] = sums().reduce(([n, ns], [m, more]) => [n! + m!, ns! + more!], [0, 0]);
    memory.omit(0, 40_000, 50);
    memory.omit(1, 50_000, 20);

    const events: NotRecordedEvent[] = [];
    const before = { count: count!, sumNs: sumNs!, atNs: 30_000n };
    const next = new Omissions(memory, clock, 200, (event) => events.push(event), before);
    assert.deepEqual(
      events.map(({ count, sumNano, startUnixNano }) => [count, sumNano, startUnixNano]),
      [[2, 70, String(EPOCH + 30_000n)]],
    );
    memory.omit(1, 90_000, 5);
    next.finish();
    assert.deepEqual(events.slice(1).map(({ count, sumNano }) => [count, sumNano]), [[1, 5]]); // biome-ignore format: one line
  });
});
