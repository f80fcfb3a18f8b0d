// SPDX-License-Identifier: Apache-2.0
import { existsSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { attempt } from '../procfs/proc-file.ts';
import { ownPid } from './pid-namespace.ts';

/** Files that container runtimes leave in a container's root. */
const MARKS = ['.dockerenv', 'run/.containerenv'];
/** Inode of the cgroup namespace that the kernel starts with, PROC_CGROUP_INIT_INO. */
const INITIAL_CGROUPS = 'cgroup:[4026531835]';
const RUNTIME = /docker|kubepods|containerd|libpod|crio|lxc|machine\.slice/;

export interface ContainerPlaces {
  root?: string;
  proc?: string;
  env?: NodeJS.ProcessEnv;
}

/** The sign that this is a container; undefined without one. */
export function containerMark(places: ContainerPlaces = {}): string | undefined {
  const { proc = '/proc', env = process.env } = places;
  const own = markOfRuntime(places);
  if (own !== undefined) return own;
  if (env.container) return `container=${env.container}`;
  const namespace = attempt(() => readlinkSync(`${proc}/self/ns/cgroup`));
  if (namespace !== undefined && namespace !== INITIAL_CGROUPS) return 'a separate cgroup namespace';
  const cgroups = attempt(() => readFileSync(`${proc}/self/cgroup`, 'latin1')) ?? '';
  const [runtime] = RUNTIME.exec(cgroups) ?? [];
  return runtime && `cgroup of ${runtime}`;
}

/**
 * Whether this process is in a container of Docker, podman or Kubernetes that has its own PID namespace: it is the first process
 * there. Under WSL, LXC and in a container that shares the PIDs of its host, something else is.
 */
export function hasContainersPids(places: ContainerPlaces = {}): boolean {
  return ownPid(places.proc) === 1 && markOfRuntime(places) !== undefined;
}

function markOfRuntime({ root = '/', env = process.env }: ContainerPlaces): string | undefined {
  for (const name of MARKS) if (existsSync(join(root, name))) return `/${name}`;
  return env.KUBERNETES_SERVICE_HOST ? 'KUBERNETES_SERVICE_HOST is set' : undefined;
}
