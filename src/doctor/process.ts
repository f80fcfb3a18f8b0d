// SPDX-License-Identifier: Apache-2.0
import { ProberClient } from '../enrich/prober-client.ts';
import { OTHER_PIDS } from '../host/limitations.ts';
import { seesInitialPids } from '../host/pid-namespace.ts';
import { foreignMemoryClosed, NO_FOREIGN_MEMORY } from '../host/ptrace-scope.ts';
import { NOBODY } from '../host/users.ts';
import { REASONS } from '../prober/thread-context/reason.ts';
import { type Finding, ok, warn } from './check.ts';

const RIGHTS = 'Run the doctor with the rights that compactstall run has, such as with sudo.';
const PUBLISH =
  'For Node.js: node --import compactstall/register. For other languages and other causes see docs/contexts.md.';

/** The service of a process, and whether its stalls appear in its traces. Asks the prober as `run` does. */
export async function stalling(pid: number): Promise<Finding> {
  if (!seesInitialPids()) return warn(OTHER_PIDS.why, OTHER_PIDS.todo);
  const said: string[] = [];
  const prober = new ProberClient({ services: true, user: NOBODY, warn: (sentence) => said.push(sentence) });
  const [identity, located] = await Promise.all([prober.identity(pid, 0), prober.contexts(pid)]);
  await prober.close();
  const { obstacle } = prober;
  if (obstacle) return warn(obstacle.why, obstacle.todo);
  if (said.length > 0) return warn(said.join(' '), 'Try again.');
  if (identity?.isKernelThread) return ok(`${pid} is a kernel thread: its spans have the agent's resource.`);
  if (identity?.facts === undefined) return warn(`${pid} has ended, or runs another program now.`, 'Try again.');
  const { executable, container, resource } = identity.facts;
  const where = container === undefined ? '' : ` in container ${container.slice(0, 12)}`;
  const who = `${pid} is ${executable ?? identity.comm}${where}, service ${String(resource?.['service.name'])}`;
  if (located && 'publisher' in located) return ok(`${who}; its stalls appear in its traces.`);
  const reason = located?.reason ?? 'gone';
  if (reason === 'no_permission' && foreignMemoryClosed()) {
    return warn(`${who}; its spans are not known: ${NO_FOREIGN_MEMORY.why}`, NO_FOREIGN_MEMORY.todo);
  }
  if (reason === 'no_permission') return warn(`${who}; its spans are not known: ${REASONS[reason]}.`, RIGHTS);
  return warn(`${who}; its stalls are root spans: ${REASONS[reason]}.`, PUBLISH);
}
