// SPDX-License-Identifier: Apache-2.0
import { readMounts } from '../procfs/mountinfo.ts';
import { type Finding, ok } from './check.ts';

export const MOUNTINFO = '/proc/self/mountinfo';

/** The mount points of file systems of a type; undefined when mountinfo cannot be read. */
export const mountPoints = (type: string, mountinfo = MOUNTINFO): string[] | undefined =>
  readMounts(mountinfo)
    ?.filter((mount) => mount.type === type)
    .map(({ point }) => point);

/** Where the first of the mount points is, as a clause. */
export function whereMounted(points: readonly string[] | undefined, mountinfo = MOUNTINFO): string {
  if (points === undefined) return `unknown whether it is mounted: ${mountinfo} cannot be read`;
  return points[0] === undefined ? 'not mounted' : `mounted at ${points[0]}`;
}

export function securityfs(mountinfo = MOUNTINFO): Finding {
  return ok(`${whereMounted(mountPoints('securityfs', mountinfo), mountinfo)}; only the lockdown state is read there.`);
}
