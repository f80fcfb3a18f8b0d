// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { clock } from '../../../src/doctor/clock.ts';
import { folderWith } from './host-files.ts';

const source = (t: TestContext, text: string) => folderWith(t, { file: text })('file');
const reading = (date: string, uncertaintyNs = 35) => ({
  monotonicNs: 1n,
  boottimeNs: 1n,
  realtimeNs: BigInt(Date.parse(date)) * 1_000_000n,
  uncertaintyNs,
});
const NOW = '2026-03-01T12:00:00Z';

describe('clock', () => {
  it('tells the source and the uncertainty', async (t) => {
    const found = await clock(source(t, 'tsc\n'), async () => reading(NOW, 34.5));
    assert.deepEqual(found, { status: 'ok', why: 'tsc; timestamps are within 35 ns of the time of day.' });
  });

  for (const name of ['hpet', 'acpi_pm', 'jiffies']) {
    it(`${name} is slow`, async (t) => {
      const found = await clock(source(t, `${name}\n`), async () => reading(NOW));
      assert.equal(found.status, 'warn');
      assert.match(found.why, new RegExp(`^${name}, which is slow to read`));
    });
  }

  it('a machine with a wrong date', async (t) => {
    const found = await clock(source(t, 'tsc\n'), async () => reading('1970-01-01T00:10:00Z'));
    assert.equal(found.status, 'warn');
    assert.match(found.why, /1970-01-01T00:10:00/);
  });

  it('without the addon, and without the file', async () => {
    const found = await clock('/nonexistent', async () => undefined);
    assert.deepEqual(found, { status: 'ok', why: 'unknown; without the addon its precision cannot be measured.' });
  });
});
