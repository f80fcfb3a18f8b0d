// SPDX-License-Identifier: Apache-2.0
// The agent takes the attach plan that the kernel allows also where the kernel's symbols are hidden, and says who refuses a plan.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { hidden, PROCESSES_ONLY, runDeprived } from '../../support/deprived.ts';
import { PLANS } from './settings.ts';

const REFUSE = fileURLToPath(new URL('../../../harness/programs/refusal/build/refuse', import.meta.url));

for (const [what, deprivation] of [
  ['/proc/kallsyms under /dev/null', hidden('/proc/kallsyms')],
  ['/proc with processes only', PROCESSES_ONLY],
] as const) {
  it(`${what}: the same plan as with it`, () => {
    const { status, stderr } = runDeprived(deprivation, ['-d', '0.2', '-K', '--verbose']);
    assert.equal(status, 0, stderr);
    assert.match(stderr, new RegExp(`attached \\(${PLANS[0]}\\)`));
    assert.match(stderr, /\/proc\/kallsyms cannot be read: /);
    assert.doesNotMatch(stderr, /inlined/);
    const { stdout } = runDeprived(deprivation, ['doctor', '--json']);
    assert.match(
      JSON.parse(stdout).checks.find(({ id }: { id: string }) => id === 'plan').why,
      new RegExp(`^${PLANS[0]}: `),
    );
  });
}

if (PLANS[0] === 'kprobe') {
  it('perf_event_open(2) that is refused: a plan without it, and the reason', () => {
    const { status, stderr } = runDeprived(
      [REFUSE, 'perf_event_open', 'EPERM'],
      ['-d', '0.2', '-o', 'json', '--verbose'],
    );
    assert.equal(status, 0, stderr);
    assert.match(stderr, /attached \(tp_btf\)/);
    const reason = 'every call of perf_event_open\\(2\\) is refused \\(EPERM\\): a seccomp filter is in force';
    assert.match(stderr, new RegExp(`The kprobe plan loses none, but was not taken: ${reason}\\.`));
    assert.match(stderr, new RegExp(`only after its first stall: ${reason}\\.`));
  });
}
