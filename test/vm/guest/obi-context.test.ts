// SPDX-License-Identifier: Apache-2.0
// The map of OpenTelemetry eBPF Instrumentation, read in every attach plan: a stall of a thread in the map is linked to its
// span, and a stall of a kernel thread is not, although its pid is in the map.
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { ObiMap } from '../../../harness/bpffs.ts';
import { compactByHand } from './manual.ts';
import { kcompactd, PLANS, setUp } from './settings.ts';
import { assertComplete, type Watched, watch } from './watch.ts';
import { wakeKcompactd } from './work.ts';

const BPFFS = '/sys/fs/bpf';
const SPAN = { traceId: '0b1'.padStart(32, '0'), spanId: '5'.padStart(16, '0') };

// Other tests of this machine would find it.
after(() => rmSync(`${BPFFS}/otel`, { recursive: true }));

let watched: Watched[];

it('a thread of a process and kernel threads compact, all of them in the map', async () => {
  setUp();
  const map = new ObiMap({ folder: BPFFS });
  for (const pid of [process.pid, ...kcompactd().map(Number)]) map.set(pid, pid, SPAN);
  watched = await watch(PLANS, async (soFar) => {
    compactByHand();
    await wakeKcompactd(soFar);
  });
});

for (const [i, plan] of PLANS.entries()) {
  describe(`with OBI's map, ${plan}`, () => {
    let seen: Watched;
    before(() => {
      seen = watched[i]!;
    });

    it('a thread of a process is linked to its span', () => {
      assertComplete(seen);
      const own = seen.events.filter(({ pid }) => pid === process.pid);
      assert.ok(own.length > 0);
      for (const { context } of own) {
        assert.deepEqual(context, { source: 'obi', ...SPAN, flags: 0, relation: 'link' });
      }
    });

    it('a kernel thread is in no span', () => {
      const daemons = seen.events.filter(({ comm }) => comm.startsWith('kcompactd'));
      assert.ok(daemons.length > 0);
      for (const { context } of daemons) assert.equal(context, undefined);
    });
  });
}
