// SPDX-License-Identifier: Apache-2.0
// Limits of threads and processes that are nearly reached: the agent says which one before anything is attached.
import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { bpfObjectsLeft } from '../../harness/host.ts';
import type { Check } from '../../src/doctor/check.ts';
import { cgroup, version1, version2 } from '../support/cgroups.ts';
import { type Deprivation, runDeprived, user } from '../support/deprived.ts';

const SNOOP = fileURLToPath(new URL('../../dist/bin/compactsnoop', import.meta.url));
/** Nobody else's, so that only the agent's threads count. */
const UID = 54_321;
const RIGHTS = '-all,+bpf,+perfmon,+sys_ptrace,+dac_read_search';

const processes = (limit: number): Deprivation => ['prlimit', `--nproc=${limit}`];
const within = (path: string): Deprivation => ['sh', '-ec', `echo $$ >'${path}/cgroup.procs'; exec "$0" "$@"`];

/** Where limits of processes are set: in version 2, or where version 1 has that controller. */
const pids = version1 ?? version2!;

/** An inner cgroup without a limit, in one that allows so many threads and processes. */
function limitedCgroup(t: TestContext, most: number): { outer: string; inner: string } {
  const inner = cgroup(t, pids, 'inner');
  const outer = inner.replace(/\/inner$/, '');
  if (!existsSync(`${outer}/pids.max`)) {
    const control = `${pids.path}/cgroup.subtree_control`;
    writeFileSync(control, '+pids');
    t.after(() => writeFileSync(control, '-pids'));
  }
  writeFileSync(`${outer}/pids.max`, String(most));
  return { outer, inner };
}

async function assertRefused({ status, stdout, stderr }: ReturnType<typeof runDeprived>, limit: RegExp): Promise<void> {
  assert.equal(status, 3, stderr);
  assert.match(stderr, /^compactstall: only \d+ more threads or processes can be started, but \d+ are needed: .*\n$/);
  assert.match(stderr, limit);
  assert.equal(stdout, '');
  assert.deepEqual(await bpfObjectsLeft(), []);
}

const why = (id: string, { stdout }: ReturnType<typeof runDeprived>): string => {
  const { status, why, todo } = JSON.parse(stdout).checks.find((check: Check) => check.id === id);
  assert.equal(status, 'fail', why);
  return `${why} ${todo}`;
};

const OF_USER = new RegExp(
  `: user ${UID} may have \\d+ \\(RLIMIT_NPROC\\), and has \\d+\\. Raise it: ulimit -u in a shell, `,
);

describe('RLIMIT_NPROC', () => {
  for (const limit of [1, 10, 20]) {
    it(`of the user that root becomes, ${limit}: the prober could not start`, async () => {
      const args = ['-d', '0.2', '-o', 'json', '--user', `${UID}`];
      await assertRefused(runDeprived(processes(limit), args), OF_USER);
    });
  }

  it('of that user, without a prober: root may start threads, and nobody else has to', () => {
    const { status, stderr } = runDeprived(processes(1), ['-d', '0.2', '--user', `${UID}`]);
    assert.equal(status, 0, stderr);
  });

  const ordinary = user(UID, `--inh-caps=${RIGHTS}`, `--ambient-caps=${RIGHTS}`, `--bounding-set=${RIGHTS}`);
  // With fewer than twelve Node.js does not even start, or aborts.
  for (const limit of [12, 24]) {
    it(`of an ordinary user, ${limit}`, async () => {
      await assertRefused(runDeprived([...ordinary, ...processes(limit)], ['-d', '0.2', '-o', 'json']), OF_USER);
    });
  }

  it('of an ordinary user, 40: enough, and the agent gives up its capabilities in all threads', () => {
    const { status, stderr } = runDeprived([...ordinary, ...processes(40)], ['-d', '0.2', '-o', 'json']);
    assert.equal(status, 0, stderr);
    assert.doesNotMatch(stderr, /Cannot/);
  });

  it('doctor says the same of it', () => {
    const report = runDeprived([...ordinary, ...processes(12)], ['doctor', '--json']);
    assert.equal(report.status, 3);
    for (const id of ['attach', 'prober']) assert.match(why(id, report), OF_USER);
  });
});

describe('pids.max', () => {
  it('of a cgroup above that of the agent', async (t) => {
    const { outer, inner } = limitedCgroup(t, 20);
    const limit = new RegExp(
      `: the cgroup ${outer} may have 20 \\(pids\\.max\\), and has \\d+\\. Raise it: TasksMax= `,
    );
    await assertRefused(runDeprived(within(inner), ['-d', '0.2', '-o', 'json']), limit);
    assert.match(why('prober', runDeprived(within(inner), ['doctor', '--json'])), limit);
  });

  it('nearly reached, for compactsnoop and its doctor', (t) => {
    const { outer, inner } = limitedCgroup(t, 12);
    const limit = new RegExp(
      `only \\d more threads or processes can be started, but 7 are needed: the cgroup ${outer} `,
    );
    const { status, stdout, stderr } = runDeprived(within(inner), ['-d', '1'], SNOOP);
    assert.equal(status, 3, stderr);
    assert.match(stderr, limit);
    assert.equal(stdout, '');
    assert.match(why('attach', runDeprived(within(inner), ['doctor', '--json'])), limit);
  });

  it('of 64, as documented, is enough, with a collector', (t) => {
    const { inner } = limitedCgroup(t, 64);
    const under = [...within(inner), 'env', 'OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:9'];
    const { status, stderr } = runDeprived(under, ['-d', '0.5', '-o', 'otlp']);
    assert.equal(status, 0, stderr);
    assert.doesNotMatch(stderr, /Cannot|cannot/);
  });
});
