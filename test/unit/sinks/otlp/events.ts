// SPDX-License-Identifier: Apache-2.0
import type { CompactionEvent, NotRecordedEvent } from '../../../../src/event/event.ts';

const STACK = ['compact_zone+0x4c1', 'compact_zone_order+0xa8', 'try_to_compact_pages+0x121', 'do_syscall_64+0x5c'];

/** Event number `n`, which determines ids and times. */
export function event(n = 0, change: Partial<CompactionEvent> = {}): CompactionEvent {
  const id = n.toString(16);
  return {
    v: 1,
    startUnixNano: String(1795441812325118373n + BigInt(n) * 1_000_003n),
    durationNano: 14_200_123 + n,
    trigger: 'direct',
    pid: 24376,
    tid: 24380,
    comm: 'summ',
    executable: 'summ-server',
    container: '4a1f6f2b9c0d',
    cpu: 1,
    cgroupId: '18446744073709551615',
    node: 0,
    zone: 'Normal',
    zoneIndex: 2,
    order: 9,
    mode: 'async',
    status: 'success',
    gfp: ['GFP_TRANSHUGE', '__GFP_COMP'],
    priority: 'async',
    attempt: '24380-7',
    watermark: { min: 11284, low: 14105, high: 16926 },
    begin: { free: 14193, index: 0.728, blocks: [4211, 1302, 377, 90, 12, 3, 0, 0, 0, 0, 0] },
    end: { free: 15217, index: -1, blocks: [3890, 1288, 402, 101, 19, 6, 2, 1, 1, 1, 0] },
    scanned: { migrate: 512, free: 2048 },
    stack: STACK,
    traceId: `f${id.padStart(31, '0')}`,
    spanId: `e${id.padStart(15, '0')}`,
    ...change,
  };
}

export const events = (count: number, change?: Partial<CompactionEvent>): CompactionEvent[] =>
  Array.from({ length: count }, (_, n) => event(n, change));

export const notRecorded = (change: Partial<NotRecordedEvent> = {}) => ({
  v: 1 as const,
  kind: 'not_recorded' as const,
  startUnixNano: '1795441812325118373',
  durationNano: 1_003_000_001,
  count: 8317,
  sumNano: 402_118_442,
  longestNano: 182_044,
  reason: 'rate',
  limit: 200,
  traceId: 'd'.repeat(32),
  spanId: 'c'.repeat(16),
  ...change,
});
