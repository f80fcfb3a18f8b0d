// SPDX-License-Identifier: Apache-2.0
import { readFileSync, readlinkSync, statSync } from 'node:fs';
import { attempt } from '../procfs/proc-file.ts';
import { readStat } from '../procfs/stat.ts';

/** The inode of the first PID namespace, PROC_PID_INIT_INO. */
const FIRST = 4026531836;

/** A PID namespace: the file of /proc/PID/ns/pid. */
export interface PidNamespace {
  inode: number;
  device: number;
  /** The one that the kernel starts with. Every process has a pid there, and kernel threads have pids nowhere else. */
  isFirst: boolean;
}

/**
 * The namespace whose pids a procfs shows; undefined when that cannot be known. It is the one of the process that mounted it, and
 * need not be this process's own.
 * @param procfs where it is mounted
 */
export function pidNamespace(procfs = '/proc'): PidNamespace | undefined {
  const status = attempt(() => readFileSync(`${procfs}/self/status`, 'latin1'));
  // This process's pids from the procfs's namespace down to its own.
  const [, pids] = /^NSpid:\s*(.*)$/m.exec(status ?? '') ?? [];
  // A kernel without PID namespaces has no such line.
  if (status !== undefined && pids === undefined) return { inode: FIRST, device: 0, isFirst: true };
  if (pids?.split(/\s+/).length === 1) return namespaceOf(`${procfs}/self`);
  return namespaceOf(`${procfs}/1`) ?? firstByKernelThread(procfs);
}

/** This process's pid in a procfs; undefined when it is not in that namespace. */
export function ownPid(procfs = '/proc'): number | undefined {
  const name = attempt(() => readlinkSync(`${procfs}/self`));
  return name === undefined ? undefined : Number(name);
}

/** @param folder /proc/PID. That of another process needs the rights of a debugger. */
function namespaceOf(folder: string): PidNamespace | undefined {
  const stats = attempt(() => statSync(`${folder}/ns/pid`));
  return stats && { inode: stats.ino, device: stats.dev, isFirst: stats.ino === FIRST };
}

/** The first namespace needs no rights to be recognized: only there is pid 2 a kernel thread. */
function firstByKernelThread(procfs: string): PidNamespace | undefined {
  return readStat(`${procfs}/2`)?.isKernelThread ? { inode: FIRST, device: 0, isFirst: true } : undefined;
}
