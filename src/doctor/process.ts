// SPDX-License-Identifier: Apache-2.0
import { ProberClient } from '../enrich/prober-client.ts';
import { NOBODY } from '../host/users.ts';
import { type Finding, ok, warn } from './check.ts';
import { forecast, namedBy } from './forecast.ts';

/** The service of a process, and how its stalls relate to its spans. Asks the prober as `run` does. */
export async function stalling(pid: number, procfs = '/proc'): Promise<Finding> {
  const said: string[] = [];
  const prober = new ProberClient({ services: true, user: NOBODY, procfs, warn: ({ text }) => said.push(text) });
  const [identity, located, explanation] = await Promise.all([
    prober.identity(pid, 0),
    prober.contexts(pid),
    prober.explanation(pid),
  ]);
  await prober.close();
  const { obstacle } = prober;
  if (obstacle) return warn(obstacle.why, obstacle.todo);
  if (said.length > 0) return warn(said.join(' '), 'Try again.');
  if (identity?.isKernelThread) return ok(`${pid} is a kernel thread: its spans have the agent's resource.`);
  if (identity?.facts === undefined) return warn(`${pid} has ended, or runs another program now.`, 'Try again.');
  const { executable, container, resource } = identity.facts;
  const where = container === undefined ? '' : ` in container ${container.slice(0, 12)}`;
  const service = `service ${String(resource?.['service.name'])}${namedBy(explanation)}`;
  const finding = forecast({ facts: identity.facts, located, explanation });
  return { ...finding, why: `${pid} is ${executable ?? identity.comm}${where}, ${service}. ${finding.why}` };
}
