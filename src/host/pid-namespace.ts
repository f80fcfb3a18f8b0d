// SPDX-License-Identifier: Apache-2.0
import { readlinkSync } from 'node:fs';
import { attempt } from '../procfs/proc-file.ts';

/** Inode of the PID namespace that the kernel starts with, PROC_PID_INIT_INO. */
const INITIAL_NAMESPACE = 'pid:[4026531836]';

/** Records have the pids of the initial namespace; in another one /proc knows processes by other numbers. */
export function seesInitialPids(proc = '/proc'): boolean {
  return attempt(() => readlinkSync(`${proc}/self/ns/pid`)) === INITIAL_NAMESPACE;
}
