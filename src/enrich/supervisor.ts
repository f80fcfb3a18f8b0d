// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from 'node:child_process';
import { mayChangeUser } from '../host/capabilities.ts';
import { tooFewTasks } from '../host/tasks.ts';
import type { UserIds } from '../host/users.ts';
import { installedNative } from '../installation.ts';

/** Runs the prober (native/prober-supervisor/supervisor.c). */
export const SUPERVISOR = installedNative('native/prober-supervisor', 'compactstall-supervisor');

/** The ring's thread, and one that tries a call without capabilities. */
const AGENT = 2;
/** The prober has seven. The agent's own seven count for the user that it becomes, when the prober has to be replaced. */
const PROBER = 14;
/** The threads of libuv's pool, which UV_THREADPOOL_SIZE changes. */
const POOL = 4;
const MAX_POOL = 1024;
const TIMEOUT_MS = 10_000;

/**
 * Starts as many processes as a run needs threads and processes, and ends them: Node.js aborts, or waits for ever, where it
 * cannot have a thread. Throws a HostError that names the limit. Whatever else goes wrong, the real start reports.
 *
 * @param prober the user that the prober becomes, if it will run and this process is root
 */
export function checkTasks(prober: UserIds | undefined): void {
  const pool = Math.min(Number(process.env.UV_THREADPOOL_SIZE) || POOL, MAX_POOL);
  // With the supervisor, which counts.
  const needed = 1 + AGENT + pool + (prober ? PROBER : 0);
  const user = prober ?? { uid: process.getuid!(), gid: process.getgid!() };
  const startable = startableAs(user, needed);
  if (startable < needed) throw tooFewTasks(startable, needed, mayChangeUser() ? user.uid : process.getuid!());
}

function startableAs({ uid, gid }: UserIds, most: number): number {
  const words = [`${uid}`, `${gid}`, '--count', `${most - 1}`];
  const options = { encoding: 'utf8', env: {}, cwd: '/', timeout: TIMEOUT_MS } as const;
  const { error, status, stdout } = spawnSync(SUPERVISOR, words, options);
  if ((error as NodeJS.ErrnoException | undefined)?.code === 'EAGAIN') return 0;
  return status === 0 ? 1 + Number(stdout) : most;
}
