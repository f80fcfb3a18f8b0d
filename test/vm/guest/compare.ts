// SPDX-License-Identifier: Apache-2.0
/** Compares the events of two agents. */
import assert from 'node:assert/strict';
import type { CompactionEvent } from '../../../src/event/event.ts';

/** Each agent measures the distance between the clocks itself, and the emulator may pause meanwhile. */
const CLOCKS_NS = 100_000_000n;
/** The pages that other CPUs may allocate or free between two programs at one tracepoint. */
const MOVING = 4096;

const start = ({ startUnixNano }: CompactionEvent) => BigInt(startUnixNano);
const end = (event: CompactionEvent) => start(event) + BigInt(event.durationNano);
/** The key of an event. A thread makes one compaction after the other, so its n-th is the same for both agents. */
const byThread = (events: readonly CompactionEvent[]) =>
  [...events].sort((a, b) => a.tid - b.tid || Number(start(a) - start(b)));

/** The fields that must be exactly equal. The executable is known only if the process still ran when it was identified. */
function essence({ pid, tid, comm, cgroupId, node, zone, zoneIndex, order, ...event }: CompactionEvent) {
  const { trigger, mode, status, gfp, priority, scanned, watermark } = event;
  return {
    ...{ pid, tid, comm, cgroupId, node, zone, zoneIndex, order },
    ...{ trigger, mode, status, gfp, priority, scanned, watermark },
  };
}

/** The functions of a stack, without the innermost ones, which depend on the attach plan. */
function path({ stack }: CompactionEvent): string[] {
  const names = stack.map((frame) => frame.replace(/\+.*/, ''));
  return names.slice(names.findIndex((name) => /^_*compact_zone$/.test(name)));
}

export function assertSame(one: readonly CompactionEvent[], other: readonly CompactionEvent[]): void {
  assert.equal(one.length, other.length, 'as many events');
  const others = byThread(other);
  let moved = 0;
  byThread(one).forEach((event, i) => {
    const twin = others[i]!;
    assert.deepEqual(essence(event), essence(twin));
    assert.deepEqual(path(event), path(twin));
    if (event.cpu !== twin.cpu) moved += 1;
    // Both begins are before the work, and both ends after it: so the two overlap, however long a program was delayed.
    assert.ok(start(event) - CLOCKS_NS < end(twin) && start(twin) - CLOCKS_NS < end(event), 'at the same time');
    for (const state of ['begin', 'end'] as const) {
      const apart = Math.abs(event[state].free - twin[state].free);
      assert.ok(apart <= MOVING, `${event[state].free} and ${twin[state].free} free pages at the ${state}`);
    }
  });
  // On a preemptible kernel a thread may move between two programs at one tracepoint.
  assert.ok(moved <= one.length / 20, `${moved} of ${one.length} events on another CPU`);
}
