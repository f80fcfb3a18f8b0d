// SPDX-License-Identifier: Apache-2.0
/** podman, with the command of docs/deploy.md. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const path = (name: string) => fileURLToPath(new URL(`../${name}`, import.meta.url));

/** Keeps everything in that folder, so that nothing is left in the storage of this host. */
export const podman = (folder: string): string[] => [
  ...['podman', '--root', join(folder, 'storage'), '--runroot', join(folder, 'run')],
];

/**
 * What podman needs besides the documented flags: by default its limits are higher than this host's may be, and only CAP_SYS_RESOURCE
 * raises those; podman 4.3 refuses bpf(2).
 */
export const MORE_FLAGS: readonly string[] = [
  ...['--ulimit', 'nofile=1024:4096', '--ulimit', 'nproc=4096:4096'],
  ...['--security-opt', `seccomp=${path('packaging/chart/seccomp.json')}`],
];

/** The words of the documented command, before and after the image. */
export function documentedRun(): { flags: string[]; args: string[] } {
  const text = readFileSync(path('docs/deploy.md'), 'utf8').replaceAll(/ *\\\n\s*/g, ' ');
  const [, flags, args] = /^docker (run .*) REGISTRY\/\S+ (.*)$/m.exec(text)!;
  return { flags: flags!.split(' '), args: args!.split(' ') };
}
