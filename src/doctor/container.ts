// SPDX-License-Identifier: Apache-2.0
import { existsSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { OTHER_PIDS } from '../host/limitations.ts';
import { seesInitialPids } from '../host/pid-namespace.ts';
import { type Finding, ok, warn } from './check.ts';
import { readText } from './read.ts';

/** Files that container runtimes leave in a container's root. */
const MARKS = ['.dockerenv', 'run/.containerenv'];
/** Inode of the cgroup namespace that the kernel starts with, PROC_CGROUP_INIT_INO. */
const INITIAL_CGROUPS = 'cgroup:[4026531835]';
const RUNTIME = /docker|kubepods|containerd|libpod|crio|lxc|machine\.slice/;

/** Container or host. In a container with its own PID namespace the host's processes cannot be looked up. */
export function container(paths = { root: '/', proc: '/proc' }, env = process.env): Finding {
  if (!seesInitialPids(paths.proc)) return warn(OTHER_PIDS.why, OTHER_PIDS.todo);
  const mark = markOf(paths, env);
  return ok(mark === undefined ? 'a host: no sign of a container.' : `a container (${mark}) with the host's PIDs.`);
}

function markOf({ root, proc }: { root: string; proc: string }, env: NodeJS.ProcessEnv): string | undefined {
  for (const name of MARKS) if (existsSync(join(root, name))) return `/${name}`;
  if (env.container) return `container=${env.container}`;
  if (env.KUBERNETES_SERVICE_HOST) return 'KUBERNETES_SERVICE_HOST is set';
  const namespace = linkText(`${proc}/self/ns/cgroup`);
  if (namespace !== undefined && namespace !== INITIAL_CGROUPS) return 'a separate cgroup namespace';
  const [runtime] = RUNTIME.exec(readText(`${proc}/self/cgroup`) ?? '') ?? [];
  return runtime && `cgroup of ${runtime}`;
}

function linkText(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}
