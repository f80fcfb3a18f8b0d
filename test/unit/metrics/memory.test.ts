// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readAll } from '../../../src/metrics/instruments/all.ts';
import { readVmSettings } from '../../../src/metrics/vm-settings.ts';
import { readZones, unusableShare } from '../../../src/metrics/zones.ts';
import { snapshot } from './snapshot.ts';

const BUDDYINFO = `Node 0, zone      DMA      0      0      0      0      0      0      0      0      1      1      3 \n\
Node 1, zone   Normal      6      1      0      1      0      0      0      0      0      0      0 \n`;

test('zones of buddyinfo, and the share that is of no use for an order', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'compactstall-zones-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'buddyinfo');
  writeFileSync(file, BUDDYINFO);
  const zones = readZones(file);
  assert.deepEqual(zones, [
    { node: 0, zone: 'DMA', blocks: [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 3] },
    { node: 1, zone: 'Normal', blocks: [6, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0] },
  ]);
  // 16 pages are free: 6 alone, 2 in a pair, 8 in a block of order 3.
  assert.deepEqual(
    [0, 1, 2, 3, 4].map((order) => unusableShare(zones[1]!, order)),
    [0, 6 / 16, 8 / 16, 8 / 16, 1],
  );
  assert.equal(unusableShare({ node: 0, zone: 'DMA', blocks: [0, 0] }, 1), undefined);
  assert.deepEqual(readZones(join(folder, 'none')), []);
  for (const blocks of ['9'.repeat(400), '  ', '1 -1', '1 2x']) {
    writeFileSync(file, `Node 0, zone      DMA ${blocks}\n`);
    assert.deepEqual(readZones(file), [], blocks);
  }
});

test('this host’s zones are those of its buddyinfo', () => {
  const lines = readFileSync('/proc/buddyinfo', 'utf8').trim().split('\n').length;
  assert.equal(readZones().length, lines);
});

test('settings are labels; one that the kernel lacks is left out', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'compactstall-vm-'));
  t.after(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'thp'));
  writeFileSync(join(folder, 'thp', 'enabled'), 'always [madvise] never\n');
  writeFileSync(join(folder, 'compaction_proactiveness'), '20\n');
  writeFileSync(join(folder, 'min_free_kbytes'), '67584\n');
  const settings = readVmSettings(join(folder, 'thp'), folder);
  const info = readAll(snapshot({ settings })).find(({ metric }) => metric.name === 'compaction.vm.info');
  assert.deepEqual(info?.points, [
    {
      labels: {
        'compaction.vm.thp_enabled': 'madvise',
        'compaction.vm.compaction_proactiveness': 20,
        'compaction.vm.min_free_kbytes': 67584,
      },
      value: 1,
    },
  ]);
});
