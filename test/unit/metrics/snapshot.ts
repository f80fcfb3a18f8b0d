// SPDX-License-Identifier: Apache-2.0
import type { Aggregates, CompactionAggregate, CompactionTotals } from '../../../src/event/aggregates.ts';
import type { AgentState, Snapshot } from '../../../src/metrics/snapshot.ts';

const ZERO_THRESHOLD = 2 ** -20;

/** Three compactions: one of half a microsecond, and two in the buckets that end at 2^-10 s and at 2^-9.875 s. */
export const TOTALS: CompactionTotals = {
  count: 3,
  sumNano: 2_200_500,
  scanned: { migrate: 512, free: 2048 },
  durations: { scale: 3, zeroThreshold: ZERO_THRESHOLD, zeroCount: 1, offset: -81, bucketCounts: [1, 1] },
};
const NOTHING: CompactionTotals = {
  count: 0,
  sumNano: 0,
  scanned: { migrate: 0, free: 0 },
  durations: { scale: 3, zeroThreshold: ZERO_THRESHOLD, zeroCount: 0, offset: 0, bucketCounts: [] },
};

export const DIRECT: CompactionAggregate = {
  ...TOTALS,
  trigger: 'direct',
  node: 0,
  zone: 'Normal',
  order: 9,
  status: 'success',
};

export function aggregates(change: Partial<Aggregates> = {}): Aggregates {
  return {
    compactions: [DIRECT],
    compactionsOverflow: NOTHING,
    directStalls: [{ cgroupId: '18446744073709551615', count: 2, sumNano: 1_500_000_000 }],
    directStallsOverflow: { count: 0, sumNano: 0 },
    ...change,
  };
}

export function agentState(change: Partial<AgentState> = {}): AgentState {
  return {
    aggregates: aggregates(),
    books: [],
    ring: { usedBytes: 4096, sizeBytes: 4_194_304 },
    programs: [{ name: 'cs_end', runCount: 0, runTimeNs: 0 }],
    ...change,
  };
}

export function snapshot(change: Partial<Snapshot> = {}): Snapshot {
  return { ...agentState(), cgroups: { of: () => ({}) }, zones: [], settings: {}, processes: [], ...change };
}
