// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { OTHER_PIDS } from '../source/hidden.ts';
import { seesInitialPids } from '../victim/pid-namespace.ts';
import { type Finding, ok, warn } from './check.ts';
import { readText } from './read.ts';

/** Files that container runtimes leave in a container's root. */
const MARKS = ['.dockerenv', 'run/.containerenv'];
const RUNTIME = /docker|kubepods|containerd|libpod|crio|lxc|machine\.slice/;

/** In a container with PIDs of its own the processes of the host cannot be looked up. */
export function container(paths = { root: '/', proc: '/proc' }, env = process.env): Finding {
  if (!seesInitialPids(paths.proc)) return warn(OTHER_PIDS.why, OTHER_PIDS.todo);
  const mark = markOf(paths, env);
  return ok(mark === undefined ? 'a host, not a container.' : `a container (${mark}) with the host's PIDs.`);
}

function markOf({ root, proc }: { root: string; proc: string }, env: NodeJS.ProcessEnv): string | undefined {
  for (const name of MARKS) if (existsSync(join(root, name))) return `/${name}`;
  if (env.container) return `container=${env.container}`;
  const [runtime] = RUNTIME.exec(readText(`${proc}/self/cgroup`) ?? '') ?? [];
  return runtime && `cgroup of ${runtime}`;
}
