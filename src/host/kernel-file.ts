// SPDX-License-Identifier: Apache-2.0
/** Why a file of /proc or /sys is missing: the kernel does not have it, or something hides it from this process. */
import { existsSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';

/** The kernel's own file systems, by the numbers of include/uapi/linux/magic.h: proc, sysfs, debugfs, tracefs, securityfs. */
const OF_KERNEL: ReadonlySet<number> = new Set([0x9fa0, 0x62656572, 0x64626720, 0x74726163, 0x73636673]);

export interface Hidden {
  /** A clause, such as `something is mounted over it`. */
  why: string;
  todo: string;
}

const COVERED: Hidden = {
  why: 'something is mounted over it or its folder',
  todo: "Let this process see the kernel's own file: in a container unmask it (--security-opt systempaths=unconfined, procMount: Unmasked) or mount the host's /sys; in a systemd unit omit ProtectKernelTunables= and InaccessiblePaths=.",
};

const NOT_MOUNTED: Hidden = {
  why: "the kernel's file system is not mounted there",
  todo: "Mount /proc and /sys; in a container show the host's.",
};

const PROCESSES_ONLY: Hidden = {
  why: 'this /proc shows processes only',
  todo: 'Omit ProcSubset=pid in the systemd unit, and subset=pid where /proc is mounted.',
};

/**
 * What hides a file of /proc or /sys. undefined when nothing does: then the file is there, or the kernel does not have it.
 *
 * @param typeOf the number of the file system of a path; undefined where there is no such path
 */
export function hiddenKernelFile(path: string, typeOf = fileSystemType): Hidden | undefined {
  for (let at = path; ; at = dirname(at)) {
    const type = typeOf(at);
    if (type === undefined && at !== '/') continue;
    const root = `/${path.split('/')[1]}`;
    if (type === undefined || !OF_KERNEL.has(type)) return at.length > root.length ? COVERED : NOT_MOUNTED;
    return at !== path && at === '/proc' && !existsSync('/proc/version') ? PROCESSES_ONLY : undefined;
  }
}

function fileSystemType(path: string): number | undefined {
  try {
    return statfsSync(path).type;
  } catch {
    return undefined;
  }
}
