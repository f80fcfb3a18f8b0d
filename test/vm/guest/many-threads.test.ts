// SPDX-License-Identifier: Apache-2.0
// Many more threads than CPUs are in compact_zone at once: nothing is lost. A probe of its return would miss many of them, as
// do programs that can be preempted (settings.ts lists them).
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { it } from 'node:test';
import { COMPACT_MEMORY, populatedZones } from '../../../harness/host.ts';
import { Agent, parseLines } from '../../support/agent.ts';
import { LOSSLESS, quiet, setUp } from './settings.ts';

const THREADS = 60;
const WRITES = 5;
const SCRIPT = `
  i=0; while [ $i -lt ${THREADS} ]; do
    (j=0; while [ $j -lt ${WRITES} ]; do echo 1 >${COMPACT_MEMORY}; j=$((j + 1)); done) &
    i=$((i + 1))
  done; wait`;

for (const plan of LOSSLESS) {
  it(`${THREADS} threads that compact at once, seen by ${plan}`, async () => {
    setUp();
    await quiet();
    const agent = await new Agent([
      '--output',
      'json',
      '--verify',
      '--max-spans-per-second',
      'off',
      '--attach',
      plan,
    ]).attached();
    const shell = spawn('sh', ['-c', SCRIPT], { stdio: 'ignore' });
    assert.deepEqual(await once(shell, 'exit'), [0, null]);
    const { code, stdout, stderr } = await agent.stop();
    assert.equal(code, 0, stderr);
    assert.doesNotMatch(stderr, /NOT EQUAL|DOES NOT BALANCE/);
    const byThread = Map.groupBy(
      parseLines(stdout).filter(({ trigger }) => trigger === 'manual'),
      ({ tid }) => tid,
    );
    assert.equal(byThread.size, THREADS);
    for (const events of byThread.values()) assert.equal(events.length, WRITES * populatedZones().length);
  });
}
