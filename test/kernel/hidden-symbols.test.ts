// SPDX-License-Identifier: Apache-2.0
// kptr_restrict=2 hides the kernel's symbols from root, too. Stacks then are addresses, which is reported once. The setting is
// restored when the test process ends, however it ends.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, it } from 'node:test';
import { COMPACT_NODE0, compact, populatedZones, putBackAtEnd } from '../../harness/host.ts';
import { Agent, parseLines } from '../support/agent.ts';

const KPTR_RESTRICT = '/proc/sys/kernel/kptr_restrict';
const had = readFileSync(KPTR_RESTRICT, 'utf8');
const putBack = putBackAtEnd(KPTR_RESTRICT);
after(async () => {
  await putBack();
  assert.equal(readFileSync(KPTR_RESTRICT, 'utf8'), had);
});

it('kptr_restrict=2: addresses instead of symbols, and one warning', async () => {
  writeFileSync(KPTR_RESTRICT, '2');
  const agent = await new Agent(['--output', 'json']).attached();
  compact(COMPACT_NODE0, 3);
  const { code, stdout, stderr } = await agent.stop();
  assert.equal(code, 0, stderr);
  assert.equal(stderr.match(/hides its symbols/g)?.length, 1, stderr);
  const own = parseLines(stdout).filter(({ pid }) => pid === process.pid);
  assert.equal(own.length, 3 * populatedZones().filter(({ node }) => node === 0).length);
  for (const { stack } of own) {
    assert.ok(stack.length > 3);
    for (const frame of stack) assert.match(frame, /^0x[0-9a-f]{16}$/);
  }
});
