// SPDX-License-Identifier: Apache-2.0
// compactsnoop, with all its columns.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { before, it } from 'node:test';
import { COMPACT_MEMORY, compact, populatedZones } from '../../../harness/host.ts';
import { Agent } from '../../support/agent.ts';
import { setUp } from './settings.ts';

const HEADER =
  'TIME(s)        COMM           PID    NODE ZONE         ORDER MODE    ' +
  'FRAGIDX  MIN      LOW      HIGH     FREE       LAT(ms)           STATUS';
const FRAME = /^\t\w[\w.]*\+0x[0-9a-f]+( \[\w+\])?$/;

before(() => setUp());

it('compactsnoop -e -K -T: header, rows and stacks', async () => {
  const agent = await new Agent(['-e', '-K', '-T', '-p', String(process.pid)], { command: 'compactsnoop' }).attached();
  compact(COMPACT_MEMORY, 1);
  const { code, stdout, stderr } = await agent.stop('SIGINT');
  assert.equal(code, 0, stderr);
  const [header, ...rest] = stdout.split('\n');
  assert.equal(header, HEADER);
  // A row, its stack, an empty line.
  const blocks = rest.join('\n').trimEnd().split('\n\n');
  const zones = populatedZones();
  assert.equal(blocks.length, zones.length);
  blocks.forEach((block, i) => {
    const [row, ...frames] = block.split('\n');
    const { node, name, min, low, high } = zones[i]!;
    const comm = readFileSync('/proc/self/comm', 'utf8').trim();
    const zone = `ZONE_${name.toUpperCase()}`;
    const cells = (...list: [number, string | number][]) =>
      list.map(([width, cell]) => `${cell}`.padEnd(width)).join(' ');
    const what = cells([14, comm], [6, process.pid], [4, node], [12, zone], [5, -1], [7, 'SYNC'], [8, '-1.000']);
    assert.match(row!.slice(0, 15), /^\d+\.\d{9} +$/);
    assert.equal(row!.slice(15, -35), `${what} ${cells([8, min], [8, low], [8, high])} `);
    assert.match(row!.slice(-35), /^\d+ +\d+\.\d{3} +(complete|success|partial_skipped|contended)$/);
    assert.equal(row!.length, HEADER.length);
    assert.ok(frames.length > 3);
    for (const frame of frames) assert.match(frame, FRAME);
    assert.match(frames[0]!, /^\t_*compact_zone\+0x/);
  });
});
