// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { it, type TestContext } from 'node:test';
import { reachedLimit, taskLimits } from '../../../src/host/task-limits.ts';
import { tooFewTasks } from '../../../src/host/tasks.ts';
import { folderWith } from '../doctor/host-files.ts';

const UID = 65_534;
const status = (uid: number, threads: number) =>
  `Name:\tx\nUid:\t${uid}\t0\t0\t0\nGid:\t0\t0\t0\t0\nThreads:\t${threads}\nSigQ:\t0/1\n`;
const mount = (root: string, point: string, type: string) => `30 20 0:25 ${root} ${point} rw - ${type} none rw\n`;
const HOST = {
  'proc/loadavg': '0.00 0.00 0.00 1/119 4242\n',
  'proc/sys/kernel/threads-max': '192730\n',
  'proc/sys/kernel/pid_max': '32768\n',
};
const NPROC = {
  'proc/self/limits': 'Max processes             30                   96365                processes \n',
};

const limitsOf = (t: TestContext, files: Record<string, string>, uid = UID) => {
  const root = folderWith(t, files)().replace(/\/$/, '');
  return taskLimits(uid, root).map(({ whom, name, most, now }) => `${whom} ${name} ${now}/${most}`);
};

it('the threads of a user, by the real user id', (t) => {
  const processes = {
    'proc/1/status': status(0, 3),
    'proc/20/status': status(UID, 7),
    'proc/21/status': status(UID, 1),
    'proc/22/status': status(65, 1),
    'proc/sys/status': status(UID, 100),
  };
  assert.deepEqual(limitsOf(t, { ...NPROC, ...processes }), ['user 65534 RLIMIT_NPROC 8/30']);
  assert.deepEqual(limitsOf(t, { ...NPROC, ...processes }, 0), [], 'root is exempt');
});

it('without that limit', (t) => {
  const files = {
    'proc/self/limits': 'Max processes             unlimited            unlimited            processes \n',
  };
  assert.deepEqual(limitsOf(t, files), []);
});

it('cgroup version 2: all cgroups upwards, but those without a limit', (t) => {
  const files = {
    'proc/self/cgroup': '0::/system.slice/a.service/inner\n',
    'proc/self/mountinfo': mount('/', '/sys/fs/cgroup', 'cgroup2'),
    'sys/fs/cgroup/system.slice/a.service/inner/pids.max': 'max\n',
    'sys/fs/cgroup/system.slice/a.service/inner/pids.current': '9\n',
    'sys/fs/cgroup/system.slice/a.service/pids.max': '40\n',
    'sys/fs/cgroup/system.slice/a.service/pids.current': '12\n',
    'sys/fs/cgroup/system.slice/pids.max': '4000\n',
    'sys/fs/cgroup/system.slice/pids.current': '300\n',
  };
  assert.deepEqual(limitsOf(t, files), [
    'the cgroup /sys/fs/cgroup/system.slice/a.service pids.max 12/40',
    'the cgroup /sys/fs/cgroup/system.slice pids.max 300/4000',
  ]);
});

it('cgroup version 1: only where the pids are counted', (t) => {
  const files = {
    'proc/self/cgroup': '9:cpu,cpuacct:/a\n8:pids:/a\n0::/b\n',
    'proc/self/mountinfo':
      mount('/', '/cg/cpu', 'cgroup') + mount('/', '/cg/pids', 'cgroup') + mount('/', '/cg/unified', 'cgroup2'),
    'cg/pids/a/pids.max': '40\n',
    'cg/pids/a/pids.current': '12\n',
  };
  assert.deepEqual(limitsOf(t, files), ['the cgroup /cg/pids/a pids.max 12/40']);
});

it("a container that sees its own cgroup as the mount's root, by whatever path", (t) => {
  for (const path of ['/', '/docker/0123']) {
    const files = {
      'proc/self/cgroup': `8:pids:${path}\n`,
      'proc/self/mountinfo': mount('/docker/0123', '/cg/pids', 'cgroup'),
      'cg/pids/pids.max': '40\n',
      'cg/pids/pids.current': '12\n',
    };
    assert.deepEqual(limitsOf(t, files), ['the cgroup /cg/pids pids.max 12/40']);
  }
});

it('the threads of the host', (t) => {
  assert.deepEqual(limitsOf(t, HOST), [
    'this host kernel.threads-max 119/192730',
    'this host kernel.pid_max 119/32768',
  ]);
});

const limit = (name: string, now: number, most: number) => ({ whom: 'x', name, now, most, todo: 'Raise it.' });

it('of several limits, the one with the least room is to blame', () => {
  const limits = [limit('a', 90, 100), limit('b', 5, 10), limit('c', 0, 20)];
  assert.equal(reachedLimit(21, limits)?.name, 'b');
  assert.equal(reachedLimit(6, limits)?.name, 'b');
  assert.equal(reachedLimit(5, limits), undefined);
});

it('no limit is blamed that leaves room enough', () => {
  assert.match(
    tooFewTasks(3, 20, UID, [limit('a', 0, 20)]).message,
    /needed: no limit that can be read here explains it\./,
  );
  assert.equal(
    tooFewTasks(3, 20, UID, [limit('a', 1, 20)]).message,
    'only 3 more threads or processes can be started, but 20 are needed: x may have 20 (a), and has 1. Raise it.',
  );
});
