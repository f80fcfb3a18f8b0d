// SPDX-License-Identifier: Apache-2.0
import type { BpfObject } from 'bpf-loader-native';
import {
  AGGREGATE,
  AGGREGATE_KEY,
  AGGREGATE_KEY_SIZE,
  AGGREGATE_SIZE,
  DURATION,
  STALLS,
  STALLS_SIZE,
} from '../abi.generated.ts';
import type {
  Aggregates,
  CgroupStalls,
  CompactionAggregate,
  CompactionTotals,
  ExponentialHistogram,
  StallTotals,
} from '../event/aggregates.ts';
import type { KernelNames } from '../kernel/names.ts';
import { TRIGGER_NAMES } from './decode.ts';

/** The number of rows that the kernel has room for. */
export interface AggregateRows {
  compactions: number;
  cgroups: number;
}

/** Some 2.5 MB of the kernel's memory. */
export const AGGREGATE_ROWS: AggregateRows = { compactions: 1024, cgroups: 4096 };

const CGROUP_ID_SIZE = 8;

/** Reads what the BPF programs add up (bpf/aggregates.h); they go on meanwhile. */
export function readAggregates(object: Pick<BpfObject, 'readMap' | 'readVariable'>, names: KernelNames): Aggregates {
  const aggregates = entries(object.readMap('cs_aggregates'), AGGREGATE_KEY_SIZE + AGGREGATE_SIZE);
  const stalls = entries(object.readMap('cs_stalls'), CGROUP_ID_SIZE + STALLS_SIZE);
  return {
    compactions: aggregates.map((entry) => compactionAggregate(entry, names)),
    compactionsOverflow: compactionTotals(object.readVariable('aggregates_overflow')),
    directStalls: stalls.map(cgroupStalls),
    directStallsOverflow: stallTotals(object.readVariable('stalls_overflow')),
  };
}

function entries(map: Buffer, size: number): Buffer[] {
  return Array.from({ length: map.length / size }, (_, i) => map.subarray(i * size, (i + 1) * size));
}

function compactionAggregate(entry: Buffer, names: KernelNames): CompactionAggregate {
  return {
    trigger: TRIGGER_NAMES.get(entry.readUInt8(AGGREGATE_KEY.trigger.offset))!,
    node: entry.readUInt16LE(AGGREGATE_KEY.node.offset),
    zone: names.zone(entry.readUInt8(AGGREGATE_KEY.zoneIndex.offset)),
    order: entry.readInt8(AGGREGATE_KEY.order.offset),
    status: names.status(entry.readUInt8(AGGREGATE_KEY.status.offset)),
    ...compactionTotals(entry.subarray(AGGREGATE_KEY_SIZE)),
  };
}

function compactionTotals(row: Buffer): CompactionTotals {
  const slots = Array.from({ length: DURATION.SLOTS }, (_, i) => u64(row, { offset: AGGREGATE.slots.offset + i * 8 }));
  return {
    count: slots.reduce((sum, n) => sum + n, 0),
    sumNano: u64(row, AGGREGATE.sumNs),
    scanned: { migrate: u64(row, AGGREGATE.migrateScanned), free: u64(row, AGGREGATE.freeScanned) },
    durations: histogram(slots),
  };
}

/** @param slots those of struct aggregate, which bpf/event.h describes */
function histogram([zeroCount = 0, ...buckets]: readonly number[]): ExponentialHistogram {
  const isUsed = (n: number) => n > 0;
  const first = Math.max(0, buckets.findIndex(isUsed));
  const zeroExponent = -DURATION.HALVINGS;
  return {
    scale: DURATION.SCALE,
    zeroThreshold: 2 ** zeroExponent,
    zeroCount,
    offset: zeroExponent * 2 ** DURATION.SCALE + first,
    bucketCounts: buckets.slice(first, buckets.findLastIndex(isUsed) + 1),
  };
}

function cgroupStalls(entry: Buffer): CgroupStalls {
  return { cgroupId: entry.readBigUInt64LE(0).toString(), ...stallTotals(entry.subarray(CGROUP_ID_SIZE)) };
}

function stallTotals(bytes: Buffer): StallTotals {
  return { count: u64(bytes, STALLS.count), sumNano: u64(bytes, STALLS.sumNs) };
}

const u64 = (bytes: Buffer, { offset }: { offset: number }) => Number(bytes.readBigUInt64LE(offset));
