// SPDX-License-Identifier: Apache-2.0
// Files of the kernel that something hides from the agent. What is not known is not reported as missing from the kernel, the agent
// goes on without it where it can, and doctor has the words of run.
import assert from 'node:assert/strict';
import { copyFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import type { Check } from '../../src/doctor/check.ts';
import {
  capabilities,
  type Deprivation,
  hidden,
  inaccessible,
  NO_SYS,
  PROCESSES_ONLY,
  runDeprived,
} from '../support/deprived.ts';
import { temporaryFolder } from '../unit/fixtures.ts';

const checksOf = (deprivation: Deprivation): Check[] =>
  JSON.parse(runDeprived(deprivation, ['doctor', '--json']).stdout).checks;

/** Sentences that accuse the kernel, or a setting that is not the cause. */
const FALSE_REASONS = /inlined|built without|CONFIG_|CAP_|kptr_restrict to|no such process|5\.9 added it/;

const MOUNTED = 'something is mounted over it or its folder';
const NO_OVERRIDE = capabilities('-dac_override,-dac_read_search');
const BTF = '/sys/kernel/btf/vmlinux';

describe('run goes on, and says what it lacks', () => {
  for (const [what, deprivation, why] of [
    ['/proc/kallsyms under /dev/null', hidden('/proc/kallsyms'), MOUNTED],
    ['/proc/kallsyms under a closed file', [...inaccessible('/proc/kallsyms'), ...NO_OVERRIDE], MOUNTED],
    ['/proc with processes only', PROCESSES_ONLY, 'this /proc shows processes only'],
  ] as const) {
    it(what, () => {
      const { status, stderr } = runDeprived(deprivation, ['-d', '0.2', '-K']);
      assert.equal(status, 0, stderr);
      const said = `/proc/kallsyms cannot be read: ${why}. Stacks show addresses.`;
      assert.ok(stderr.includes(`compactstall: ${said} `), stderr);
      assert.doesNotMatch(stderr, FALSE_REASONS);
      const checks = checksOf(deprivation);
      assert.ok(checks.find(({ id }) => id === 'kptr_restrict')!.why.endsWith(said));
      assert.equal(checks.find(({ id }) => id === 'attach')!.status, 'ok');
    });
  }

  it('/proc/sys: doctor knows nothing of its settings, and says so', () => {
    const deprivation = hidden('/proc/sys/');
    assert.equal(runDeprived(deprivation, ['-d', '0.2']).status, 0);
    const checks = checksOf(deprivation);
    for (const id of ['kernel', 'ptrace_scope', 'perf_event_paranoid', 'proactiveness', 'extfrag_threshold']) {
      const { status, why } = checks.find((check) => check.id === id)!;
      assert.equal(status, 'ok', why);
      assert.match(why, /unknown/);
      if (id !== 'perf_event_paranoid') assert.doesNotMatch(why, FALSE_REASONS);
    }
  });
});

describe('run cannot go on, exit code 3', () => {
  for (const [what, deprivation, args, why] of [
    ['BTF under /dev/null', hidden(BTF), [], `this process does not see the kernel's types: ${BTF}: ${MOUNTED}.`],
    [
      'BTF in a masked folder',
      hidden('/sys/kernel/btf/'),
      [],
      `this process does not see the kernel's types: ${BTF}: ${MOUNTED}.`,
    ],
    [
      'no /sys',
      NO_SYS,
      [],
      `this process does not see the kernel's types: ${BTF}: the kernel's file system is not mounted there.`,
    ],
    [
      '--verify without its counters',
      hidden('/proc/vmstat'),
      ['--verify'],
      '/proc/vmstat cannot be read: it is empty, as something is mounted over it.',
    ],
  ] as const) {
    it(what, () => {
      const { status, stderr } = runDeprived(deprivation, ['-d', '0.2', ...args]);
      assert.equal(status, 3, stderr);
      assert.ok(stderr.startsWith(`compactstall: ${why} `), stderr);
      assert.doesNotMatch(stderr, FALSE_REASONS);
      const failing = args.length > 0 ? 'vmstat' : 'btf';
      assert.equal(checksOf(deprivation).find(({ id }) => id === failing)!.why, why);
    });
  }

  it('BTF that is hidden, with --btf: kprobe, or why no plan fits and what uncovers it', (t) => {
    const file = temporaryFolder(t)('btf');
    copyFileSync(BTF, file);
    const { status, stderr } = runDeprived(hidden('/sys/kernel/btf/'), ['-d', '0.2', '--btf', file]);
    if (status === 0) assert.match(stderr, /attached \(kprobe\)/);
    else {
      assert.equal(status, 3, stderr);
      const reason = `tp_btf: this process does not see the kernel's own types (${MOUNTED}), and --btf does not help this plan.`;
      assert.ok(stderr.includes(reason), stderr);
      assert.match(stderr, /Let this process see the kernel's own file: [^\n]*\n$/);
    }
  });
});
