// SPDX-License-Identifier: Apache-2.0
import { ProberClient } from '../enrich/prober-client.ts';
import { seesInitialPids } from '../host/pid-namespace.ts';
import { NOBODY } from '../host/users.ts';
import { type Finding, ok, warn } from './check.ts';

/** Starts the process that looks into others, and asks it about this one. */
export async function prober(): Promise<Finding> {
  if (!seesInitialPids()) return ok('not asked: this is a PID namespace of its own.');
  const said: string[] = [];
  const asked = new ProberClient({ services: true, user: NOBODY, warn: (sentence) => said.push(sentence) });
  const program = await asked.program(process.pid, 0);
  await asked.close();
  if (program) return ok('the process that looks into others starts and answers.');
  if (asked.obstacle) return warn(asked.obstacle.why, asked.obstacle.todo);
  return warn(said[0] ?? 'the process that looks into others does not answer.', 'Build it with ./setup.sh.');
}
