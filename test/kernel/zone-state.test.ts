// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { COMPACT_MEMORY, compact, freeBlocks, populatedZones, type Zone } from '../../harness/host.ts';
import type { CompactionEvent } from '../../src/event/event.ts';
import { Agent, parseLines } from '../support/agent.ts';

/** The pages that others may allocate or free between two readings of a zone. */
const MOVING = 8192;
const ATTEMPTS = 20;

/** Whether nobody else uses the zone: the DMA of x86 is 16 MiB that are kept for old devices; on arm64 it may be all memory. */
const isQuiet = ({ name }: Zone) => name === 'DMA' && process.arch === 'x64';

const marks = ({ min, low, high }: { min: number; low: number; high: number }) => ({ min, low, high });
const pagesOf = (blocks: readonly number[]) => blocks.reduce((sum, n, order) => sum + n * 2 ** order, 0);

interface Observation {
  before: Zone;
  after: Zone;
  blocks: readonly number[];
  event: CompactionEvent;
}

/**
 * One compaction between two readings of /proc/zoneinfo. Watermarks change when memory is plugged or boosted; an observation
 * with such a change is repeated.
 */
async function observe(): Promise<Observation[]> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const agent = await new Agent(['--output', 'json', '--pid', String(process.pid)]).attached();
    const before = populatedZones();
    compact(COMPACT_MEMORY, 1);
    const after = populatedZones();
    const blocks = freeBlocks();
    const events = parseLines((await agent.stop()).stdout);
    assert.equal(events.length, before.length);
    if (JSON.stringify(before.map(marks)) !== JSON.stringify(after.map(marks))) continue;
    return before.map((zone, i) => ({
      before: zone,
      after: after[i]!,
      blocks: blocks.get(`${zone.node}/${zone.name}`)!,
      event: events[i]!,
    }));
  }
  throw new Error(`the watermarks changed during each of ${ATTEMPTS} compactions`);
}

describe('zone state, compared with /proc/zoneinfo and /proc/buddyinfo', () => {
  let observations: Observation[];

  it('sees every zone', async () => {
    observations = await observe();
    assert.ok(observations.length > 0);
    for (const { before, event } of observations) {
      assert.equal(event.zone, before.name);
      assert.equal(event.node, before.node);
    }
  });

  it('watermarks are equal', () => {
    for (const { before, event } of observations) assert.deepEqual(event.watermark, marks(before));
  });

  it('free pages at begin and end are between the values of zoneinfo before and after', () => {
    for (const { before, after, event } of observations) {
      const slack = isQuiet(before) ? 0 : MOVING;
      const least = Math.min(before.free, after.free) - slack;
      const most = Math.max(before.free, after.free) + slack;
      for (const { free } of [event.begin, event.end]) {
        assert.ok(free >= least && free <= most, `${before.name}: ${free} not in ${least}..${most}`);
      }
    }
  });

  it('free blocks are those of buddyinfo: as many orders, and as many pages', () => {
    for (const { before, blocks, event } of observations) {
      assert.equal(event.end.blocks.length, blocks.length);
      if (isQuiet(before)) {
        assert.deepEqual(event.end.blocks, blocks);
      } else {
        const difference = Math.abs(pagesOf(event.end.blocks) - pagesOf(blocks));
        assert.ok(difference <= MOVING, `${before.name}: ${event.end.blocks} and ${blocks}`);
      }
    }
  });

  it('the blocks of an event add up to its free pages', () => {
    for (const { event } of observations) {
      for (const { free, blocks } of [event.begin, event.end]) {
        assert.ok(Math.abs(pagesOf(blocks) - free) <= MOVING, `${event.zone}: ${blocks} and ${free}`);
      }
    }
  });
});

describe('compactsnoop -e', () => {
  it('prints the watermarks and free pages of zoneinfo', async () => {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const agent = await new Agent(['-e', '-p', String(process.pid)], { command: 'compactsnoop' }).attached();
      const before = populatedZones();
      compact(COMPACT_MEMORY, 1);
      const after = populatedZones();
      const { code, stdout, stderr } = await agent.stop('SIGINT');
      assert.equal(code, 0, stderr);
      if (JSON.stringify(before.map(marks)) !== JSON.stringify(after.map(marks))) continue;
      const rows = stdout.trim().split('\n').slice(1);
      assert.equal(rows.length, before.length);
      rows.forEach((row, i) => {
        const [, pid, node, zone, order, mode, index, min, low, high, free] = row.trim().split(/\s+/);
        const expected = before[i]!;
        assert.deepEqual(
          [pid, node, zone, order, mode, index],
          [String(process.pid), String(expected.node), `ZONE_${expected.name.toUpperCase()}`, '-1', 'SYNC', '-1.000'],
        );
        assert.deepEqual({ min: Number(min), low: Number(low), high: Number(high) }, marks(expected));
        assert.ok(Math.abs(Number(free) - expected.free) <= MOVING);
      });
      return;
    }
    assert.fail(`the watermarks changed during each of ${ATTEMPTS} compactions`);
  });
});
