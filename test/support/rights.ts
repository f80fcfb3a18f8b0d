// SPDX-License-Identifier: Apache-2.0
/** The rights of the agent, and of the processes that it started, as the kernel reports them. */
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { childrenOf, ofEach } from '../../harness/processes.ts';
import type { Agent } from './agent.ts';

export const NOBODY = 65534;

export interface Rights {
  uids: number[];
  groups: string;
  permitted: bigint;
  effective: bigint;
  noNewPrivileges: boolean;
}

export function rightsOf(status: string): Rights {
  const text = readFileSync(status, 'latin1');
  const field = (name: string) => new RegExp(`^${name}:[ \\t]*(.*)$`, 'm').exec(text)![1]!;
  return {
    uids: field('Uid').split('\t').map(Number),
    groups: field('Groups').trim(),
    permitted: BigInt(`0x${field('CapPrm')}`),
    effective: BigInt(`0x${field('CapEff')}`),
    noNewPrivileges: field('NoNewPrivs') === '1',
  };
}

export const threadsOf = (pid: number): { tid: number; name: string; rights: Rights }[] =>
  ofEach(`/proc/${pid}/task`, (thread) => {
    const name = readFileSync(`${thread}/comm`, 'latin1').trim();
    return { tid: Number(basename(thread)), name, rights: rightsOf(`${thread}/status`) };
  });

export const rightsOfThreads = (pid: number): Rights[] => threadsOf(pid).map(({ rights }) => rights);

/** Whether a process has a handler for a signal. */
export function catches(pid: number, signal: NodeJS.Signals): boolean {
  const [, caught] = /^SigCgt:\s*([0-9a-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))!;
  return ((BigInt(`0x${caught}`) >> BigInt(constants.signals[signal] - 1)) & 1n) === 1n;
}

/** The pids of the supervisor and of its child, the prober, once both run. */
export async function proberOf(agent: Agent): Promise<{ supervisor: number; prober: number }> {
  for (;;) {
    const [supervisor] = childrenOf(agent.pid);
    const [prober] = supervisor === undefined ? [] : childrenOf(supervisor);
    if (supervisor !== undefined && prober !== undefined) return { supervisor, prober };
    await sleep(10);
  }
}
