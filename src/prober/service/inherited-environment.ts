// SPDX-License-Identifier: Apache-2.0
import { executableOf } from '../../procfs/executable.ts';
import { type ProcStat, readStat } from '../../procfs/stat.ts';
import { type EnvironmentAttributes, environmentAttributes } from './environment.ts';

/** How far up it is sought: servers that fork workers have one or two levels of them. */
const MAX_ANCESTORS = 4;

/**
 * What the environment of a process said that has overwritten it, or whose pages are away: what was read of it before, or the
 * environment of an ancestor. Only an ancestor counts that runs the same exec, which shows in the addresses: the process was
 * forked from it, and began with its environment.
 * @param known what was read of a process before
 */
export function inheritedEnvironment(
  pid: number,
  stat: ProcStat,
  proc: string,
  known: (pid: number, stat: ProcStat) => EnvironmentAttributes | undefined = () => undefined,
): EnvironmentAttributes | undefined {
  const executable = executableOf(`${proc}/${pid}`);
  let ancestor: { pid: number; stat: ProcStat } | undefined = { pid, stat };
  for (let i = 0; i <= MAX_ANCESTORS && ancestor; i++) {
    const folder = `${proc}/${ancestor.pid}`;
    if (ancestor.stat.execId !== stat.execId || executableOf(folder) !== executable) return undefined;
    const before = known(ancestor.pid, ancestor.stat);
    if (before) return before;
    const found = environmentAttributes(folder, ancestor.stat);
    if (typeof found !== 'string') return found;
    const parent: number = ancestor.stat.parent;
    const above = readStat(`${proc}/${parent}`);
    ancestor = above && { pid: parent, stat: above };
  }
  return undefined;
}
