// SPDX-License-Identifier: Apache-2.0
// --pin where the kernel cannot keep programs of kprobes and classic tracepoints without a process (before 5.15).
import assert from 'node:assert/strict';
import { chownSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { before, it } from 'node:test';
import { PrivateBpffs } from '../../../harness/bpffs.ts';
import { bpfObjectsLeft } from '../../../harness/host.ts';
import { Agent, parseLines, runToEnd } from '../../support/agent.ts';
import { assertNothingLost } from '../../support/books.ts';
import { limited } from '../../support/deprived.ts';
import { compactByHand } from './manual.ts';

const RECORDS = ['--output', 'json', '--context', 'off', '--resource', 'host'];
/** As packaging/systemd/compactstall.service has it. */
const UNIT_USER = 64_999;
const UNIT_RIGHTS = '-all,+bpf,+perfmon,+syslog,+sys_ptrace,+dac_read_search,+checkpoint_restore';
let mounted: PrivateBpffs;
let folder: string;

before(async () => {
  mounted = await PrivateBpffs.mount();
  folder = join(mounted.folder, 'compactstall');
});

it('kprobe: the agent says so, works as without the option, and leaves nothing', async () => {
  const agent = new Agent(['--pin', folder, '--attach', 'kprobe', ...RECORDS], { books: true });
  await agent.attached();
  compactByHand();
  const finished = await agent.stop();
  assertNothingLost(finished);
  assert.ok(parseLines(finished.stdout).length > 0);
  assert.match(
    finished.stderr,
    /the programs end with this agent, although --pin is set: Cannot pin at '\S*link_cs_event_attempt'/,
  );
  assert.doesNotMatch(finished.stderr, /stay attached/);
  assert.deepEqual(readdirSync(folder), []);
  assert.deepEqual(await bpfObjectsLeft(), []);
});

it('fentry: the next agent goes on', async () => {
  const run = () => new Agent(['--pin', folder, '--attach', 'fentry', ...RECORDS], { books: true }).attached();
  assertNothingLost(await (await run()).stop());
  compactByHand();
  const finished = await (await run()).stop();
  assertNothingLost(finished);
  assert.match(finished.stderr, /goes on with the programs/);
  assert.ok(parseLines(finished.stdout).length > 0, finished.stderr);
  const { code } = await runToEnd(['unpin', folder]);
  assert.deepEqual([code, existsSync(folder)], [0, false]);
  assert.deepEqual(await bpfObjectsLeft(), []);
});

it('fentry, with the rights of the service and contexts: the programs stay, and root removes them', async () => {
  mkdirSync(folder, { mode: 0o700 });
  chownSync(folder, UNIT_USER, UNIT_USER);
  const rights = ['--inh-caps', '--ambient-caps', '--bounding-set'].map((name) => `${name}=${UNIT_RIGHTS}`);
  // busybox has another setpriv.
  const words = ['/usr/bin/setpriv', `--reuid=${UNIT_USER}`, `--regid=${UNIT_USER}`, '--clear-groups', ...rights];
  const under = [...mounted.under, ...limited('-l unlimited'), ...words];
  const pin = ['--pin', '/sys/fs/bpf/compactstall'];
  const agent = new Agent([...pin, '--attach', 'fentry', '--output', 'json'], { under });
  await agent.attached();
  compactByHand();
  const finished = await agent.stop();
  assert.equal(finished.code, 0, finished.stderr);
  assert.ok(parseLines(finished.stdout).length > 0);
  assert.match(finished.stderr, /the programs stay attached in/);
  const { code } = await runToEnd(['unpin', folder]);
  assert.deepEqual([code, existsSync(folder)], [0, false]);
  assert.deepEqual(await bpfObjectsLeft(), []);
});
