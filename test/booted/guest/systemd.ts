// SPDX-License-Identifier: Apache-2.0
/** systemd in the machine, and the unit. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

export const UNIT = 'compactstall.service';
/** Where the unit leaves its BPF programs. */
export const PINS = '/sys/fs/bpf/compactstall';
const DROP_INS = `/run/systemd/system/${UNIT}.d`;

export const systemctl = (...words: string[]): string =>
  execFileSync('systemctl', words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim();

/** Whether the unit has started. */
export const starts = (): boolean => spawnSync('systemctl', ['start', UNIT], { stdio: 'inherit' }).status === 0;

/** A property of the unit. */
export const property = (name: string): string => systemctl('show', '--value', '-p', name, UNIT);

export const mainPid = (): number => Number(property('MainPID'));

/** What the unit has said in its last run. */
export const journal = (): string =>
  execFileSync('journalctl', ['-o', 'cat', `_SYSTEMD_INVOCATION_ID=${property('InvocationID')}`], { encoding: 'utf8' });

/** Removes the BPF programs that the unit has left. The next start begins with new books. */
export const unpin = (): string => execFileSync('compactstall', ['unpin', PINS], { encoding: 'utf8' });

/** The pids of the unit's processes, by the names of these. */
export function processes(): Record<string, number> {
  const pids = readFileSync(`/sys/fs/cgroup/system.slice/${UNIT}/cgroup.procs`, 'latin1').trim().split('\n');
  return Object.fromEntries(pids.map((pid) => [readFileSync(`/proc/${pid}/comm`, 'latin1').trim(), Number(pid)]));
}

/** Changes the unit from its next start on, instead of what an earlier call has changed. */
export function change(...lines: string[]): void {
  rmSync(DROP_INS, { recursive: true, force: true });
  if (lines.length > 0) {
    mkdirSync(DROP_INS, { recursive: true });
    writeFileSync(`${DROP_INS}/test.conf`, `[Service]\n${lines.join('\n')}\n`);
  }
  systemctl('daemon-reload');
}

export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(200);
}
