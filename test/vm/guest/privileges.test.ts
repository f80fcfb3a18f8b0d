// SPDX-License-Identifier: Apache-2.0
// What the agent has left once it is attached, and that it can do with it what is still to be done.
import assert from 'node:assert/strict';
import { release } from 'node:os';
import { before, it } from 'node:test';
import { Agent, parseLines } from '../../support/agent.ts';
import { COMPACT_MEMORY, compact, populatedZones } from '../../support/host.ts';
import { NOBODY, rightsOfThreads } from '../../support/rights.ts';
import { setUp } from './settings.ts';

const CAP_BPF = 1n << 39n;
const [MAJOR, MINOR] = release().split('.').map(Number) as [number, number];
/** Before, bpf(2) took the capability for every call. */
const NEEDS_IT = MAJOR < 5 || (MAJOR === 5 && MINOR < 19);

before(() => setUp());

it('one thread keeps CAP_BPF where bpf(2) needs it, and that is all', async () => {
  const agent = await new Agent(['--output', 'json', '--verify', '--pid', String(process.pid)]).attached();
  const threads = rightsOfThreads(agent.pid);
  for (const { uids, groups } of threads)
    assert.deepEqual({ uids, groups }, { uids: Array(4).fill(NOBODY), groups: '' });
  const permitted = threads.map((rights) => rights.permitted).filter((bits) => bits !== 0n);
  assert.deepEqual(permitted, NEEDS_IT ? [CAP_BPF] : []);
  compact(COMPACT_MEMORY, 1);
  const { code, stdout, stderr } = await agent.stop();
  // The books have numbers that are read from the programs at the end.
  assert.equal(code, 0, stderr);
  const own = parseLines(stdout).filter(({ pid }) => pid === process.pid);
  assert.equal(own.length, populatedZones().length);
  assert.ok(own.every(({ executable, stack }) => executable === 'node' && stack.length > 3));
});
