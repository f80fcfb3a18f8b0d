// SPDX-License-Identifier: Apache-2.0
import { ProberClient } from '../enrich/prober-client.ts';
import { checkTasks } from '../enrich/supervisor.ts';
import { ownPid } from '../host/pid-namespace.ts';
import { NOBODY } from '../host/users.ts';
import { type Finding, ok, warn } from './check.ts';
import { failure } from './failure.ts';

/** Starts the prober and asks it about this process, or about the first one where this one is not seen. */
export async function prober(procfs = '/proc'): Promise<Finding> {
  try {
    checkTasks(NOBODY);
  } catch (error) {
    return failure(error);
  }
  const said: string[] = [];
  const asked = new ProberClient({ services: true, user: NOBODY, procfs, warn: ({ text }) => said.push(text) });
  const identity = await asked.identity(ownPid(procfs) ?? 1, 0);
  await asked.close();
  if (identity) return ok('the prober starts and answers.');
  if (asked.obstacle) return warn(asked.obstacle.why, asked.obstacle.todo);
  if (said[0] === undefined && asked.hasBegun)
    return warn(`the prober starts, but finds no process in ${procfs}.`, 'Mount a proc file system there.');
  return warn(
    said[0] ?? 'the prober does not answer.',
    'Try again. Where it stays, look for a limit of CPU time, or of threads (TasksMax=, --pids-limit).',
  );
}
