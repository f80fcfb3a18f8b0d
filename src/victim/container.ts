// SPDX-License-Identifier: Apache-2.0
import { attempt, readProcFile } from '../process/proc-file.ts';

/**
 * Docker, containerd, CRI-O and podman name a container's cgroup by the 64 hex digits of its id, with a prefix or `.scope`;
 * there may be more cgroups in it, made by crun or by a systemd in the container. conmon stands beside its container.
 */
const CONTAINER = /.*(?:[/:]|(?<!conmon)-)([0-9a-f]{64})(?:\.scope)?(?:\/|$)/m;
/** A path has 4 KiB at most, and version 1 some 15 of them. */
const MOST_BYTES = 64 * 1024;

/** The container that a process runs in, from its cgroups' paths (version 1 or 2). @param folder /proc/PID */
export function containerOf(folder: string): string | undefined {
  const paths = attempt(() => readProcFile(`${folder}/cgroup`, MOST_BYTES).toString('latin1'));
  return CONTAINER.exec(paths ?? '')?.[1];
}
