// SPDX-License-Identifier: Apache-2.0
import { attempt, readProcFile } from './proc-file.ts';

/**
 * Docker, containerd, CRI-O and podman name a container's cgroup by the 64 hex digits of its id, with a prefix or `.scope`.
 * crun, or a systemd in the container, may create more cgroups in it. conmon has a cgroup beside its container. With podman
 * without systemd it is `conmon` in the pod's cgroup, whose name has the pod's id.
 */
const CONTAINER = /^\d+:[^:]*:(.*(?:[/:]|(?<!conmon)-)([0-9a-f]{64}))(?:\.scope)?(?:\/(?!conmon$)|$)/gm;
/** A path has at most 4 KiB; version 1 has some 15 paths. */
const MAX_BYTES = 64 * 1024;

/**
 * The container of a process, from its cgroups' paths (version 1 or 2). In version 1 a runtime ignores hierarchies that it does
 * not know, as runc does misc: there a container in a container is in the outer one.
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
