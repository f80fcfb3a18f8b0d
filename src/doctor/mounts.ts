// SPDX-License-Identifier: Apache-2.0
import { readMounts } from '../procfs/mountinfo.ts';
import { type Finding, ok } from './check.ts';

export const MOUNTINFO = '/proc/self/mountinfo';

/** The mount points of file systems of a type. */
export const mountPoints = (type: string, mountinfo = MOUNTINFO): string[] =>
  readMounts(mountinfo)
    .filter((mount) => mount.type === type)
    .map(({ point }) => point);

export function securityfs(mountinfo = MOUNTINFO): Finding {
  const [first] = mountPoints('securityfs', mountinfo);
  return ok(`${first === undefined ? 'not mounted' : `mounted at ${first}`}; only the lockdown state is read there.`);
}
