// SPDX-License-Identifier: Apache-2.0
// The workload's own behaviour; other files show its effect on the kernel.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { it } from 'node:test';
import { FRAGMENT, Fragment } from '../../../harness/programs/fragment/fragment.ts';
import { setUp } from './settings.ts';

const run = (...args: string[]) => spawnSync(FRAGMENT, args, { encoding: 'utf8' });

it('fragment: reports wrong options and missing needs', () => {
  assert.deepEqual([run('--help').status, run('--nonsense').status], [0, 2]);
  assert.equal(run('-m', '150').stderr, 'fragment: 150 is not a number from 1 to 95\n');
  writeFileSync('/sys/kernel/mm/transparent_hugepage/enabled', 'never');
  const { status, stderr } = run();
  setUp();
  assert.equal(status, 1);
  assert.match(stderr, /^fragment: transparent huge pages are off\. Try: .*\n$/);
});

it('fragment: ends cleanly by a signal', async () => {
  const fragment = new Fragment('-m', '5', '-p', '60000');
  await fragment.fragmented;
  await fragment.stop();
  assert.match(fragment.output, /^fragmented: \d+ MB.*\nhuge pages: 0 asked for, 0 had\n$/);
});
