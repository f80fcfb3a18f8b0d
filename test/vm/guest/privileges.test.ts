// SPDX-License-Identifier: Apache-2.0
// The rights that the attached agent keeps, and that they suffice for the rest of its work.
import assert from 'node:assert/strict';
import { release } from 'node:os';
import { before, it } from 'node:test';
import { COMPACT_MEMORY, compact, populatedZones } from '../../../harness/host.ts';
import { Agent, parseLines } from '../../support/agent.ts';
import { NOBODY, threadsOf } from '../../support/rights.ts';
import { ALL_STACKS, setUp } from './settings.ts';

const CAP_BPF = 1n << 39n;
const [MAJOR, MINOR] = release().split('.').map(Number) as [number, number];
/** Before, bpf(2) took the capability for every call. */
const NEEDS_IT = MAJOR < 5 || (MAJOR === 5 && MINOR < 19);

before(() => setUp());

it('the main thread keeps CAP_BPF where bpf(2) needs it, and nothing else', async () => {
  const agent = await new Agent([
    '--output',
    'json',
    '--verify',
    '--pid',
    String(process.pid),
    ...ALL_STACKS,
  ]).attached();
  compact(COMPACT_MEMORY, 1);
  // All its threads exist by now: the ring's thread delivered the record, and a thread of libuv wrote it.
  await agent.until(() => agent.stdout !== '');
  const threads = threadsOf(agent.pid);
  const names = threads.map(({ name }) => name);
  assert.ok(names.includes('bpf-ring') && names.includes('libuv-worker'), names.join());
  for (const { tid, name, rights } of threads) {
    const { uids, groups, permitted } = rights;
    const kept = NEEDS_IT && tid === agent.pid ? CAP_BPF : 0n;
    assert.deepEqual({ uids, groups, permitted }, { uids: Array(4).fill(NOBODY), groups: '', permitted: kept }, name);
  }
  const { code, stdout, stderr } = await agent.stop();
  // Some numbers of the books are read from the programs at the end.
  assert.equal(code, 0, stderr);
  const own = parseLines(stdout).filter(({ pid }) => pid === process.pid);
  assert.equal(own.length, populatedZones().length);
  assert.ok(own.every(({ executable, stack }) => executable === 'node' && stack.length > 3));
});
