// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { it } from 'node:test';
import {
  AGGREGATE,
  AGGREGATE_KEY,
  AGGREGATE_KEY_SIZE,
  AGGREGATE_SIZE,
  DURATION,
  STALLS_SIZE,
  TRIGGER,
} from '../../../src/abi.generated.ts';
import { readAggregates } from '../../../src/live/aggregates.ts';
import { recordedEnum, recordedNames } from '../recorded-kernel.ts';

/** A row whose compactions have these slots. */
function row(slots: readonly number[]): Buffer {
  const bytes = Buffer.alloc(AGGREGATE_SIZE);
  for (const slot of slots) {
    const at = AGGREGATE.slots.offset + slot * 8;
    bytes.writeBigUInt64LE(bytes.readBigUInt64LE(at) + 1n, at);
  }
  return bytes;
}

function read(maps: { aggregates?: Buffer; stalls?: Buffer; aggregatesOverflow?: Buffer }) {
  const object = {
    readMap: (name: string) => (name === 'cs_aggregates' ? maps.aggregates : maps.stalls) ?? Buffer.alloc(0),
    readVariable: (name: string) =>
      name === 'aggregates_overflow' ? (maps.aggregatesOverflow ?? row([])) : Buffer.alloc(STALLS_SIZE),
  };
  return readAggregates(object, recordedNames());
}

const durations = (...slots: readonly number[]) =>
  read({ aggregatesOverflow: row(slots) }).compactionsOverflow.durations;

it('nothing yet', () => {
  assert.deepEqual(read({}), {
    compactions: [],
    compactionsOverflow: {
      count: 0,
      sumNano: 0,
      scanned: { migrate: 0, free: 0 },
      durations: { scale: 3, zeroThreshold: 2 ** -20, zeroCount: 0, offset: -160, bucketCounts: [] },
    },
    directStalls: [],
    directStallsOverflow: { count: 0, sumNano: 0 },
  });
});

it('a row has the names of records; an order may be -1', () => {
  const key = Buffer.alloc(AGGREGATE_KEY_SIZE);
  key.writeUInt16LE(1023, AGGREGATE_KEY.node.offset);
  key.writeUInt8(recordedEnum('zone_type').get('ZONE_NORMAL')!, AGGREGATE_KEY.zoneIndex.offset);
  key.writeUInt8(TRIGGER.MANUAL, AGGREGATE_KEY.trigger.offset);
  key.writeInt8(-1, AGGREGATE_KEY.order.offset);
  key.writeUInt8(recordedEnum('compact_result').get('COMPACT_PARTIAL_SKIPPED')!, AGGREGATE_KEY.status.offset);
  const value = row([5]);
  for (const [i, field] of [AGGREGATE.sumNs, AGGREGATE.migrateScanned, AGGREGATE.freeScanned].entries()) {
    value.writeBigUInt64LE(BigInt(i + 7), field.offset);
  }
  const { compactions } = read({ aggregates: Buffer.concat([key, value, key, row([])]) });
  assert.equal(compactions.length, 2);
  assert.deepEqual(compactions[0], {
    trigger: 'manual',
    node: 1023,
    zone: 'Normal',
    order: -1,
    status: 'partial_skipped',
    count: 1,
    sumNano: 7,
    scanned: { migrate: 8, free: 9 },
    durations: { scale: 3, zeroThreshold: 2 ** -20, zeroCount: 0, offset: -156, bucketCounts: [1] },
  });
});

it('buckets are those of OTLP: from the first that is used to the last, without the zeros', () => {
  const isFor = (slot: number) => durations(slot).offset;
  // Slot 1 has durations from 2^-20 s to 2^(-20 + 1/8) s, which is bucket -160 of scale 3. Bucket -1 ends at 1 s.
  assert.deepEqual([1, 160, 161, DURATION.SLOTS - 1].map(isFor), [-160, -1, 0, 111]);
  assert.deepEqual(durations(0, 0, 170, 172, 172), {
    scale: 3,
    zeroThreshold: 2 ** -20,
    zeroCount: 2,
    offset: 9,
    bucketCounts: [1, 0, 2],
  });
  assert.deepEqual(durations(0).bucketCounts, []);
});

it('direct compactions by cgroup: ids have 64 bits', () => {
  const entry = Buffer.alloc(8 + STALLS_SIZE);
  [2n ** 64n - 1n, 3n, 4n].forEach((word, i) => {
    entry.writeBigUInt64LE(word, i * 8);
  });
  assert.deepEqual(read({ stalls: entry }).directStalls, [{ cgroupId: '18446744073709551615', count: 3, sumNano: 4 }]);
});
