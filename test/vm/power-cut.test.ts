// SPDX-License-Identifier: Apache-2.0
// The spool's disk in an emulated machine whose power is cut again and again. COMPACTSTALL_POWER_CUTS is their number. Series of ext4 and XFS take turns.
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { powerCuts } from './power-cut/power-cuts.ts';
import { AT_ONCE } from './subtests.ts';

const CUTS = Number(process.env.COMPACTSTALL_POWER_CUTS ?? 20);
const SEED = Number(process.env.COMPACTSTALL_POWER_CUT_SEED ?? 1);
/** In a series of cuts. With many more, the spool of one disk may become full, as each cut also takes what has just been noted as delivered. */
const CUTS_EACH = 5;
/** Machines at once; each waits for half of the time. */
const MACHINES = 2 * AT_ONCE;

describe(`${CUTS} power cuts`, { concurrency: MACHINES }, () => {
  let unsafe = 0;
  for (let seed = SEED; seed < SEED + CUTS / CUTS_EACH; seed++) {
    const fileSystem = seed % 2 === 0 ? 'xfs' : 'ext4';
    test(`${fileSystem}: what the agent had called safe arrives, as it was issued, and it works on (seed ${seed})`, async (t) => {
      const report = await powerCuts(t, { fileSystem, cuts: CUTS_EACH, seed, say: (line) => t.diagnostic(line) });
      const { faults, ...counts } = report;
      t.diagnostic(JSON.stringify(counts));
      assert.deepEqual(faults, []);
      assert.ok(counts.safe > 0);
      unsafe += counts.writes.lost + counts.writes.torn;
    });
  }
  after(() => assert.ok(unsafe > 0, 'no cut was in the middle of a write'));
});
