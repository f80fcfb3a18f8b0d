// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { snoopHeader, snoopRows } from '../../../../src/sinks/text/snoop-table.ts';
import { event, fixtureText, snoopEvents } from '../../fixtures.ts';

const NO_COLUMNS = { timestamp: false, extended: false, kernelStack: false };
/** The latency column of a row. */
const latency = (durationNano: number) => snoopRows(NO_COLUMNS)(event(0, { durationNano, status: '' })).slice(54, -18);

describe('compactsnoop, byte for byte as Python formats it', () => {
  for (const flags of ['', 'T', 'e', 'K', 'Te', 'TK', 'eK', 'TeK']) {
    it(`flags: ${flags || 'none'}`, () => {
      const columns = {
        timestamp: flags.includes('T'),
        extended: flags.includes('e'),
        kernelStack: flags.includes('K'),
      };
      const table = snoopHeader(columns) + snoopEvents().map(snoopRows(columns)).join('');
      // Compared by line first, for a readable difference.
      const golden = fixtureText(`snoop/golden-${flags || 'none'}.txt`);
      assert.deepEqual(table.split('\n'), golden.split('\n'));
      assert.equal(table, golden);
    });
  }

  it('latencies of all magnitudes, ties among them', () => {
    const golden = fixtureText('snoop/latencies.txt').trimEnd().split('\n');
    const made = golden.map((line) => {
      const [ns] = line.split(' ');
      return `${ns} ${latency(Number(ns))}`;
    });
    assert.ok(golden.length >= 3000);
    assert.deepEqual(made, golden);
  });
});

it("a thread's name and a symbol cannot move the cursor", () => {
  const rows = snoopRows({ ...NO_COLUMNS, kernelStack: true });
  const text = rows(event(0, { comm: '\x1b[2J\u009b\ra', stack: ['f\x1b[A+0x1'] }));
  assert.match(text, /^\?\[2J\?\?a +\d/);
  assert.match(text, /\n\tf\?\[A\+0x1\n\n$/);
});

describe('compactsnoop against the sample lines of the bcc tool', () => {
  const sample = { pid: 23685, comm: 'zsh', zone: 'DMA', order: -1, mode: 'sync', status: 'complete' };

  it('without flags', () => {
    assert.equal(
      snoopHeader(NO_COLUMNS),
      'COMM           PID    NODE ZONE         ORDER MODE      LAT(ms)           STATUS\n',
    );
    assert.equal(
      snoopRows(NO_COLUMNS)(event(0, { ...sample, durationNano: 25_000 })),
      'zsh            23685  0    ZONE_DMA     -1    SYNC        0.025         complete\n',
    );
    assert.equal(
      snoopRows(NO_COLUMNS)(event(0, { ...sample, zone: 'Normal', durationNano: 113_975_000 })),
      'zsh            23685  0    ZONE_NORMAL  -1    SYNC      113.975         complete\n',
    );
  });

  it('with -T: the first row is at zero', () => {
    const columns = { ...NO_COLUMNS, timestamp: true };
    assert.equal(
      snoopHeader(columns),
      'TIME(s)        COMM           PID    NODE ZONE         ORDER MODE      LAT(ms)           STATUS\n',
    );
    assert.equal(
      snoopRows(columns)(event(0, { ...sample, pid: 24376, durationNano: 25_000 })),
      '0.000000000    zsh            24376  0    ZONE_DMA     -1    SYNC        0.025         complete\n',
    );
  });

  it('with -e', () => {
    const columns = { ...NO_COLUMNS, extended: true };
    assert.equal(
      snoopHeader(columns),
      'COMM           PID    NODE ZONE         ORDER MODE    FRAGIDX  MIN      LOW      HIGH     FREE       LAT(ms)           STATUS\n',
    );
    assert.equal(
      snoopRows(columns)(event(0, { pid: 28276, node: 1, order: 3, durationNano: 3_580_000, status: 'partial' })),
      'summ           28276  1    ZONE_NORMAL  3     ASYNC   0.728    11284    14105    16926    14193        3.580          partial\n',
    );
  });
});
