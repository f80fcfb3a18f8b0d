// SPDX-License-Identifier: Apache-2.0
import { type Finding, ok } from './check.ts';
import { readText } from './read.ts';

export const MOUNTINFO = '/proc/self/mountinfo';

/** The mount points of file systems of a type (proc_pid_mountinfo(5): fields before and after a lone dash). */
export function mountPoints(type: string, mountinfo = MOUNTINFO): string[] {
  return (readText(mountinfo) ?? '').split('\n').flatMap((line) => {
    const [before, after] = line.split(' - ');
    const point = before?.split(' ')[4];
    return point !== undefined && after?.split(' ')[0] === type ? [readable(point)] : [];
  });
}

/** Decodes blanks and backslashes, which mountinfo writes as three octal digits. */
const readable = (path: string) =>
  path.replace(/\\([0-7]{3})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 8)));

export function securityfs(mountinfo = MOUNTINFO): Finding {
  const [first] = mountPoints('securityfs', mountinfo);
  return ok(`${first === undefined ? 'not mounted' : `mounted at ${first}`}; only the lockdown state is read there.`);
}
