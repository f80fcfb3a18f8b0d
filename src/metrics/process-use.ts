// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { pageBytes } from '../procfs/auxv.ts';
import { attempt } from '../procfs/proc-file.ts';

/** What a process of the agent costs. */
export interface ProcessUse {
  role: 'agent' | 'prober';
  userSeconds: number;
  systemSeconds: number;
  /** Resident memory. */
  memoryBytes: number;
}

/** Ticks of /proc/PID/stat are hundredths of a second on every architecture. */
const TICKS_PER_S = 100;
const MICROS = 1e6;
/** Indexes into the fields after the name, which is field 2 of proc_pid_stat(5). */
const [USER, SYSTEM, USER_OF_CHILDREN, SYSTEM_OF_CHILDREN, RESIDENT] = [14, 15, 16, 17, 24].map((field) => field - 3);

export function ownUse(): ProcessUse {
  const { user, system } = process.cpuUsage();
  const memoryBytes = process.memoryUsage.rss();
  return { role: 'agent', userSeconds: user / MICROS, systemSeconds: system / MICROS, memoryBytes };
}

/**
 * The prober with its supervisor, which has started it and knows what earlier probers used.
 * @returns undefined when it does not run, or /proc does not say
 */
export function proberUse(supervisor: number, procfs = '/proc'): ProcessUse | undefined {
  const folder = `${procfs}/${supervisor}`;
  const parent = attempt(() => statFields(folder));
  if (parent === undefined) return undefined;
  // A kernel without CONFIG_PROC_CHILDREN does not say.
  const list = attempt(() => readFileSync(`${folder}/task/${supervisor}/children`, 'latin1'));
  if (list === undefined) return undefined;
  const pids = list.split(' ').filter((pid) => pid !== '');
  const children = pids
    .map((pid) => attempt(() => statFields(`${procfs}/${pid}`)))
    .filter((fields) => fields !== undefined);
  const all: string[][] = [parent, ...children];
  const sum = (field: number) => all.reduce((total, fields) => total + Number(fields[field]), 0);
  return {
    role: 'prober',
    userSeconds: (sum(USER!) + Number(parent[USER_OF_CHILDREN!])) / TICKS_PER_S,
    systemSeconds: (sum(SYSTEM!) + Number(parent[SYSTEM_OF_CHILDREN!])) / TICKS_PER_S,
    memoryBytes: sum(RESIDENT!) * pageBytes(),
  };
}

function statFields(folder: string): string[] {
  const text = readFileSync(`${folder}/stat`, 'latin1');
  return text.slice(text.lastIndexOf(')') + 2).split(' ');
}
