// SPDX-License-Identifier: Apache-2.0
import { seccompFiltered } from '../host/refused-calls.ts';
import { BUILD } from '../installation.ts';

/** Words of Node.js, libc and libuv; each cause with its remedy. */
const REMEDIES: readonly [reason: RegExp, remedy: (isBuilt: boolean) => string | undefined][] = [
  [/ does not exist$/, () => BUILD],
  // Node.js also says this of a file that it may not see.
  [/Cannot find module/, (isBuilt) => (isBuilt ? READABLE : BUILD)],
  [/EACCES|Permission denied/, () => READABLE],
  [/EAGAIN|Resource temporarily unavailable/, () => PROCESSES],
  [/EPERM|ENOSYS|Operation not permitted|Function not implemented/, () => (seccompFiltered() ? FILTER : undefined)],
];

const READABLE = 'The user that it switches to (nobody, or the one of --user) must be able to read and execute it.';
const PROCESSES =
  'Raise the limit of processes: ulimit -u in a shell, TasksMax= in a systemd unit, --pids-limit in a container.';
const FILTER = 'A seccomp filter is in force: see that it allows this call.';
const UNKNOWN = 'compactstall doctor tries it again.';

/** What to do when the prober cannot be started. @param isBuilt whether its program is there */
export function remedyFor(reason: string, isBuilt: boolean): string {
  for (const [pattern, remedy] of REMEDIES) {
    const found = pattern.test(reason) ? remedy(isBuilt) : undefined;
    if (found !== undefined) return found;
  }
  return UNKNOWN;
}
