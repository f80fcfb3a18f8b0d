// SPDX-License-Identifier: Apache-2.0
import { constants, fstatSync, type Stats, statSync } from 'node:fs';
import { withFile } from '../../descriptor.ts';
import type { Mapping } from '../../procfs/maps.ts';

/** Opening must not wait, run a program or acquire a terminal, whatever the path leads to by then. */
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;

export interface MappedFile {
  path: string;
  /** Differs for every other file, and for this file after a change. */
  identity: string;
}

/**
 * The file behind a mapping. /proc/PID/map_files has the very file that is mapped, even if an upgrade removed or replaced it,
 * or no path leads to it; this needs CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN. Otherwise the path is followed in the process's
 * own file system (/proc/PID/root), as a container's file may have the name of a file of the host. The file found there must
 * have the mapping's inode. (Its device is not compared: stat() and /proc/PID/maps disagree about btrfs and overlays.)
 * @throws the system's error
 */
export function findMappedFile(pid: number, mapping: Mapping, proc = '/proc'): MappedFile {
  const range = `${mapping.start.toString(16)}-${mapping.end.toString(16)}`;
  try {
    return identify(`${proc}/${pid}/map_files/${range}`);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EPERM' && code !== 'EACCES') throw error;
  }
  const found = identify(`${proc}/${pid}/root${mapping.path}`);
  if (!found.identity.startsWith(`${mapping.inode} `)) throw new Error(`${mapping.path} is another file by now`);
  return found;
}

/** Calls `use` with the open file, and closes it. @throws the system's error, or what `use` throws */
export function withMappedFile<T>({ path, identity }: MappedFile, use: (descriptor: number, size: number) => T): T {
  const checked = (descriptor: number) => {
    const stats = fstatSync(descriptor);
    if (!stats.isFile() || identityOf(stats) !== identity) throw new Error(`${path} changed`);
    return use(descriptor, stats.size);
  };
  return withFile(path, checked, FLAGS);
}

function identify(path: string): MappedFile {
  const stats = statSync(path);
  // Opening a device can have side effects.
  if (!stats.isFile()) throw new Error(`${path} is not a regular file`);
  return { path, identity: identityOf(stats) };
}

/** Includes ctime, because anybody can set mtime to anything. */
function identityOf({ ino, dev, size, mtimeMs, ctimeMs }: Stats): string {
  return `${ino} ${dev} ${size} ${mtimeMs} ${ctimeMs}`;
}
