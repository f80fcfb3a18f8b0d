// SPDX-License-Identifier: Apache-2.0
import { HostError } from '../errors.ts';
import { message } from '../messages/message.ts';
import { reachedLimit, taskLimits } from './task-limits.ts';

const UNKNOWN = {
  clause: 'no limit that can be read here explains it',
  todo: 'Look at ulimit -u, at TasksMax= of the systemd unit or --pids-limit of the container, and at kernel.threads-max.',
};

/**
 * Says which limit leaves too few threads and processes.
 * @param startable how many could be started
 * @param uid the user who tried
 */
export function tooFewTasks(startable: number, needed: number, uid: number, limits = taskLimits(uid)): HostError {
  const limit = reachedLimit(needed, limits);
  const clause = limit && `${limit.whom} may have ${limit.most} (${limit.name}), and has ${limit.now}`;
  const fields = { possible: startable, needed, reason: clause ?? UNKNOWN.clause };
  return new HostError(message('too_few_tasks', fields, limit?.todo ?? UNKNOWN.todo));
}
