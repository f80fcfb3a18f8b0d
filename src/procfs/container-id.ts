// SPDX-License-Identifier: Apache-2.0
import { attempt, readProcFile } from './proc-file.ts';

/**
 * Docker, containerd, CRI-O and podman name a container's cgroup by the 64 hex digits of its id, with a prefix or `.scope`;
 * there may be more cgroups in it, made by crun or by a systemd in the container. conmon stands beside its container, or,
 * by podman without systemd, in `conmon` of the pod, whose cgroup is named by the pod's id.
 */
const CONTAINER = /^\d+:[^:]*:(.*(?:[/:]|(?<!conmon)-)([0-9a-f]{64}))(?:\.scope)?(?:\/(?!conmon$)|$)/gm;
/** A path has 4 KiB at most, and version 1 some 15 of them. */
const MAX_BYTES = 64 * 1024;

/**
 * The container that a process runs in, from its cgroups' paths (version 1 or 2). In version 1 a runtime moves no process in a
 * hierarchy that it does not know, as runc in misc: a container in a container is in the outer one there.
 * @param folder /proc/PID
 */
export function containerOf(folder: string): string | undefined {
  const paths = attempt(() => readProcFile(`${folder}/cgroup`, MAX_BYTES).toString('latin1'));
  let innermost = '';
  let container: string | undefined;
  for (const [, path, id] of (paths ?? '').matchAll(CONTAINER)) {
    if (path!.length > innermost.length) [innermost, container] = [path!, id];
  }
  return container;
}
