// SPDX-License-Identifier: Apache-2.0
// A kernel whose BTF is hidden: with --btf FILE the kprobe plan works there.
import assert from 'node:assert/strict';
import { copyFileSync } from 'node:fs';
import { it } from 'node:test';
import { COMPACT_MEMORY, compact, populatedZones } from '../../../harness/host.ts';
import { Agent, parseLines, runToEnd } from '../../support/agent.ts';
import { hidden } from '../../support/deprived.ts';
import { quiet, setUp } from './settings.ts';

const WRITES = 3;
const FILE = '/tmp/vmlinux.btf';
const under = hidden('/sys/kernel/btf/');

it('a kernel that does not describe its types works with a file that does', async () => {
  copyFileSync('/sys/kernel/btf/vmlinux', FILE);
  setUp();
  await quiet();
  const agent = await new Agent(['--btf', FILE, '--output', 'json', '--verify'], { under }).attached();
  compact(COMPACT_MEMORY, WRITES);
  const { code, stdout, stderr } = await agent.stop();
  assert.equal(code, 0, stderr);
  assert.match(stderr, /attached \(kprobe\)/);
  const own = parseLines(stdout).filter(({ pid }) => pid === process.pid);
  const zones = populatedZones();
  assert.deepEqual(
    own.map(({ node, zone, status }) => `${node}/${zone} ${status}`),
    Array.from({ length: WRITES }, () => zones.map(({ node, name }) => `${node}/${name} complete`)).flat(),
  );
});

it('without the file it is refused, with the next step', async () => {
  const { code, stderr } = await runToEnd([], { under });
  assert.equal(code, 3, stderr);
  assert.match(stderr, /does not see the kernel's types: .*or mount the host's \/sys;/m);
});
