// SPDX-License-Identifier: Apache-2.0
import { ProberClient } from '../enrich/prober-client.ts';
import { OTHER_PIDS } from '../host/limitations.ts';
import { seesInitialPids } from '../host/pid-namespace.ts';
import { NOBODY } from '../host/users.ts';
import { REASONS } from '../prober/thread-context/reason.ts';
import { type Finding, ok, warn } from './check.ts';

const RIGHTS = 'Ask with the rights that run has, such as with sudo.';
const PUBLISH =
  'For Node.js: node --import compactstall/register. Others, and what else may be wrong: docs/contexts.md.';

/** Whose stalls those of a process are, and whether they stand in its traces; asked as `run` asks. */
export async function stalling(pid: number): Promise<Finding> {
  if (!seesInitialPids()) return warn(OTHER_PIDS.why, OTHER_PIDS.todo);
  const said: string[] = [];
  const prober = new ProberClient({ services: true, user: NOBODY, warn: (sentence) => said.push(sentence) });
  const [program, located] = await Promise.all([prober.program(pid, 0), prober.contexts(pid)]);
  await prober.close();
  const { obstacle } = prober;
  if (obstacle) return warn(obstacle.why, obstacle.todo);
  if (said.length > 0) return warn(said.join(' '), 'Ask again.');
  if (program?.isKernelThread) return ok(`${pid} is a thread of the kernel: its spans have the resource of the agent.`);
  if (program?.facts === undefined) return warn(`${pid} has ended, or runs another program now.`, 'Ask again.');
  const { executable, container, resource } = program.facts;
  const where = container === undefined ? '' : `, in container ${container.slice(0, 12)}`;
  const who = `${pid} is ${executable ?? program.comm}${where}, of the service ${String(resource?.['service.name'])}`;
  if (located && 'publisher' in located) return ok(`${who}; its stalls stand in its traces.`);
  const reason = located?.reason ?? 'gone';
  if (reason === 'no_permission') return warn(`${who}; not known more: ${REASONS[reason]}.`, RIGHTS);
  return warn(`${who}; its stalls are roots: ${REASONS[reason]}.`, PUBLISH);
}
