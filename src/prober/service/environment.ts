// SPDX-License-Identifier: Apache-2.0
import { environmentResource } from '../../otel-environment/resource.ts';
import { isThere } from '../../procfs/pagemap.ts';
import { attempt, readProcFile } from '../../procfs/proc-file.ts';
import type { ProcStat } from '../../procfs/stat.ts';

const MAX_BYTES = 256 * 1024;
const MAX_ATTRIBUTES = 128;

/**
 * The attributes in the environment with which the program was started. The kernel reads it from the process's memory, so its
 * pages must be present.
 * @param folder /proc/PID
 */
export function environmentAttributes(
  folder: string,
  { environmentAt, environmentSize }: ProcStat,
): [name: string, value: string][] {
  if (!isThere(folder, environmentAt, Math.min(environmentSize, MAX_BYTES))) return [];
  const environment = attempt(() => readProcFile(`${folder}/environ`, MAX_BYTES));
  return environment === undefined ? [] : environmentResource((name) => variable(environment, name), MAX_ATTRIBUTES);
}

/** The first variable of that name, like getenv(3). */
function variable(environment: Buffer, name: string): string | undefined {
  const wanted = Buffer.from(`${name}=`);
  for (let at = environment.indexOf(wanted); at >= 0; at = environment.indexOf(wanted, at + 1)) {
    if (at > 0 && environment[at - 1] !== 0) continue;
    const end = environment.indexOf(0, at);
    return environment.toString('utf8', at + wanted.length, end < 0 ? environment.length : end);
  }
  return undefined;
}
