// SPDX-License-Identifier: Apache-2.0
import { attempt, readProcFile } from './proc-file.ts';

/** Indexes into the fields after the name, which is field 2 of proc_pid_stat(5). */
const STATE = 3 - 3;
const USER_TICKS = 14 - 3;
const SYSTEM_TICKS = 15 - 3;
const TICK_MS = 10;

/** What a process is doing at this moment. */
export interface Activity {
  /** Of its main thread, as ps shows it. `R` also while it is ready to run and gets no CPU, for example because of a limit. */
  state: string;
  /** The CPU time of all its threads so far. */
  cpuMs: number;
}

/** undefined when the process has ended, or is hidden from this one. Needs no rights. @param folder /proc/PID */
export function readActivity(folder: string): Activity | undefined {
  const text = attempt(() => readProcFile(`${folder}/stat`, 4096).toString('latin1'));
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ');
  const state = fields?.[STATE];
  const cpuMs = (Number(fields?.[USER_TICKS]) + Number(fields?.[SYSTEM_TICKS])) * TICK_MS;
  return state && cpuMs >= 0 ? { state, cpuMs } : undefined;
}
