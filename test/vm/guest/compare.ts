// SPDX-License-Identifier: Apache-2.0
/** Whether two agents saw the same. */
import assert from 'node:assert/strict';
import type { CompactionEvent } from '../../../src/event/event.ts';

/** Each agent has its own idea of the distance between the clocks, measured while the emulator may be held up. */
const CLOCKS_NS = 100_000_000n;
/** Pages that other CPUs may allocate or free between two programs at the same tracepoint. */
const MOVING = 4096;

const start = ({ startUnixNano }: CompactionEvent) => BigInt(startUnixNano);
const end = (event: CompactionEvent) => start(event) + BigInt(event.durationNano);
/** A thread does one compaction after the other, so its n-th is the same one for both. */
const byThread = (events: readonly CompactionEvent[]) =>
  [...events].sort((a, b) => a.tid - b.tid || Number(start(a) - start(b)));

/** What must be equal, to the page; the executable is known when the process is still there to be asked. */
function essence({ pid, tid, comm, cpu, cgroupId, node, zone, zoneIndex, order, ...event }: CompactionEvent) {
  const { trigger, mode, status, gfp, priority, scanned, watermark } = event;
  return {
    ...{ pid, tid, comm, cpu, cgroupId, node, zone, zoneIndex, order },
    ...{ trigger, mode, status, gfp, priority, scanned, watermark },
  };
}

/** The functions of a stack, without the innermost ones, which depend on where the program is attached. */
function path({ stack }: CompactionEvent): string[] {
  const names = stack.map((frame) => frame.replace(/\+.*/, ''));
  return names.slice(names.findIndex((name) => /^_*compact_zone$/.test(name)));
}

export function assertSame(one: readonly CompactionEvent[], other: readonly CompactionEvent[]): void {
  assert.equal(one.length, other.length, 'as many events');
  const others = byThread(other);
  byThread(one).forEach((event, i) => {
    const twin = others[i]!;
    assert.deepEqual(essence(event), essence(twin));
    assert.deepEqual(path(event), path(twin));
    // Both begins are before the work, both ends after it: the two overlap, however long a program was held up.
    assert.ok(start(event) - CLOCKS_NS < end(twin) && start(twin) - CLOCKS_NS < end(event), 'at the same time');
    for (const state of ['begin', 'end'] as const) {
      const apart = Math.abs(event[state].free - twin[state].free);
      assert.ok(apart <= MOVING, `${event[state].free} and ${twin[state].free} free pages at the ${state}`);
    }
  });
}
