// SPDX-License-Identifier: Apache-2.0
/** The limits of threads and processes, which the kernel counts alike. Reaching any of them makes fork fail with EAGAIN. */
import { readdirSync } from 'node:fs';
import { readMounts } from '../procfs/mountinfo.ts';
import { attempt, readProcFile } from '../procfs/proc-file.ts';

export interface TaskLimit {
  /** Whom it limits, such as `user 65534`. */
  whom: string;
  /** As the setting is called. */
  name: string;
  most: number;
  /** How many there are now. */
  now: number;
  todo: string;
}

/** Files of /proc and of cgroups are shorter, except for mountinfo, which has its own reader. */
const MAX_BYTES = 64 * 1024;

/**
 * The limits that can be read here, with what is left of each.
 * @param uid the user for whom RLIMIT_NPROC of this process counts
 * @param root before all paths; tests have other files there
 */
export function taskLimits(uid: number, root = ''): TaskLimit[] {
  return [...ofUser(uid, root), ...ofCgroups(root), ...ofHost(root)];
}

const left = ({ most, now }: TaskLimit): number => most - now;

/** The limit that leaves room for fewer than `needed`, and for the fewest; undefined when none is seen to. */
export function reachedLimit(needed: number, limits: readonly TaskLimit[]): TaskLimit | undefined {
  return limits.filter((limit) => left(limit) < needed).toSorted((a, b) => left(a) - left(b))[0];
}

/** RLIMIT_NPROC, of which user 0 is exempt. */
function ofUser(uid: number, root: string): TaskLimit[] {
  const most = numberIn(`${root}/proc/self/limits`, /^Max processes +(\d+)/m);
  if (uid === 0 || most === undefined) return [];
  return [
    {
      whom: `user ${uid}`,
      name: 'RLIMIT_NPROC',
      most,
      now: threadsOf(uid, `${root}/proc`),
      todo: 'Raise it: ulimit -u in a shell, LimitNPROC= in a systemd unit, --ulimit nproc= in a container.',
    },
  ];
}

/** The threads of a user, as far as this process sees them. */
function threadsOf(uid: number, proc: string): number {
  const pids = (attempt(() => readdirSync(proc)) ?? []).filter((name) => /^\d+$/.test(name));
  const threads = new RegExp(`^Uid:\\t${uid}\\t[^]*^Threads:\\t(\\d+)$`, 'm');
  return pids.reduce((sum, pid) => sum + (numberIn(`${proc}/${pid}/status`, threads) ?? 0), 0);
}

/** pids.max of the cgroup of this process and of all above it, in version 2 or 1. */
function ofCgroups(root: string): TaskLimit[] {
  const mounts = readMounts(`${root}/proc/self/mountinfo`) ?? [];
  const lines = text(`${root}/proc/self/cgroup`).matchAll(/^(\d+):([^:]*):(.*)$/gm);
  return [...lines].flatMap(([, version, controllers, path]) => {
    if (version !== '0' && !controllers!.split(',').includes('pids')) return [];
    const type = version === '0' ? 'cgroup2' : 'cgroup';
    // In version 1 each controller has its mount, and only that of this one has the files.
    const folders = mounts
      .filter((mount) => mount.type === type)
      .flatMap(({ point }) => upwards(path!).map((at) => point + at));
    return folders.flatMap((folder) => {
      const most = numberIn(`${root}${folder}/pids.max`, /^(\d+)$/m);
      const now = numberIn(`${root}${folder}/pids.current`, /^(\d+)$/m);
      return most === undefined || now === undefined ? [] : [ofCgroup(folder, most, now)];
    });
  });
}

const ofCgroup = (folder: string, most: number, now: number): TaskLimit => ({
  whom: `the cgroup ${folder}`,
  name: 'pids.max',
  most,
  now,
  todo: "Raise it: TasksMax= in a systemd unit, --pids-limit in a container, the kubelet's podPidsLimit in Kubernetes.",
});

/** `/a/b`, `/a` and the empty path of the mount itself. */
function upwards(path: string): string[] {
  const names = path.split('/').filter((name) => name !== '');
  return Array.from({ length: names.length + 1 }, (_, i) =>
    names
      .slice(0, names.length - i)
      .map((name) => `/${name}`)
      .join(''),
  );
}

function ofHost(root: string): TaskLimit[] {
  const now = numberIn(`${root}/proc/loadavg`, /\/(\d+) /);
  if (now === undefined) return [];
  return ['threads-max', 'pid_max'].flatMap((name) => {
    const most = numberIn(`${root}/proc/sys/kernel/${name}`, /^(\d+)$/m);
    if (most === undefined) return [];
    const todo = 'Raise it with sysctl, or look for the process that has so many threads.';
    return [{ whom: 'this host', name: `kernel.${name}`, most, now, todo }];
  });
}

const text = (path: string): string => attempt(() => readProcFile(path, MAX_BYTES).toString('latin1')) ?? '';

function numberIn(path: string, pattern: RegExp): number | undefined {
  const [, found] = pattern.exec(text(path)) ?? [];
  return found === undefined ? undefined : Number(found);
}
