// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';

export interface UserIds {
  uid: number;
  gid: number;
}

/** The kernel's own number for nobody, which every distribution has. */
export const NOBODY: UserIds = { uid: 65534, gid: 65534 };

/** `UID`, `UID:GID`, or a name of /etc/passwd. undefined when there is no such user. */
export function findUser(text: string, passwd = '/etc/passwd'): UserIds | undefined {
  const [, uid, gid] = /^(\d{1,9})(?::(\d{1,9}))?$/.exec(text) ?? [];
  if (uid !== undefined) return { uid: Number(uid), gid: Number(gid ?? uid) };
  const line = readText(passwd)
    .split('\n')
    .find((one) => one.startsWith(`${text}:`));
  const [, , userId, groupId] = line?.split(':') ?? [];
  return userId && groupId ? { uid: Number(userId), gid: Number(groupId) } : undefined;
}

/** An image without users has no such file. */
function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
