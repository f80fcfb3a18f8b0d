// SPDX-License-Identifier: Apache-2.0
import { environmentResource } from '../../otel-environment/resource.ts';
import { isThere } from '../../procfs/pagemap.ts';
import { attempt, readProcFile } from '../../procfs/proc-file.ts';
import type { ProcStat } from '../../procfs/stat.ts';

const MAX_BYTES = 256 * 1024;
const MAX_ATTRIBUTES = 128;

/** The environment with which a program was started; overwritten by the program, or not read. */
export type Environment = Buffer | 'unread' | 'overwritten';

/**
 * The kernel reads the environment from the process's memory, so its pages must be present. Programs that change their title
 * write it over their arguments and environment.
 * @param folder /proc/PID
 */
export function environmentOf(folder: string, { environmentAt, environmentSize }: ProcStat): Environment {
  // Both are 0 in /proc/PID/stat without the right to see them.
  if (environmentSize === 0) return environmentAt === 0n ? 'unread' : Buffer.alloc(0);
  if (!isThere(folder, environmentAt, Math.min(environmentSize, MAX_BYTES))) return 'unread';
  const environment = attempt(() => readProcFile(`${folder}/environ`, MAX_BYTES));
  if (environment === undefined) return 'unread';
  return environment.length > 0 && !startsWithVariable(environment) ? 'overwritten' : environment;
}

/** Whether it begins with `NAME=`. A title may have an equals sign, but has blanks before it. */
function startsWithVariable(environment: Buffer): boolean {
  const equals = environment.indexOf('=');
  return equals >= 0 && !/[\0\s]/.test(environment.toString('latin1', 0, equals));
}

export type EnvironmentAttributes = [name: string, value: string][];

/**
 * The attributes in the environment with which the program was started.
 * @param folder /proc/PID
 */
export function environmentAttributes(
  folder: string,
  stat: ProcStat,
): EnvironmentAttributes | 'unread' | 'overwritten' {
  const environment = environmentOf(folder, stat);
  if (!Buffer.isBuffer(environment)) return environment;
  return environmentResource((name) => variable(environment, name), MAX_ATTRIBUTES);
}

/** The first variable of that name, like getenv(3). */
export function variable(environment: Buffer, name: string): string | undefined {
  const wanted = Buffer.from(`${name}=`);
  for (let at = environment.indexOf(wanted); at >= 0; at = environment.indexOf(wanted, at + 1)) {
    if (at > 0 && environment[at - 1] !== 0) continue;
    const end = environment.indexOf(0, at);
    return environment.toString('utf8', at + wanted.length, end < 0 ? environment.length : end);
  }
  return undefined;
}
