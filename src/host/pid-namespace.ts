// SPDX-License-Identifier: Apache-2.0
import { readlinkSync } from 'node:fs';
import { attempt } from '../procfs/proc-file.ts';

/** The inode of the initial PID namespace, PROC_PID_INIT_INO. */
const INITIAL_NAMESPACE = 'pid:[4026531836]';

/** Whether /proc has the pids of the initial namespace, as records do. In another namespace the numbers differ. */
export function seesInitialPids(proc = '/proc'): boolean {
  return attempt(() => readlinkSync(`${proc}/self/ns/pid`)) === INITIAL_NAMESPACE;
}
