// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';

export interface UserIds {
  uid: number;
  gid: number;
}

/** The kernel's own number for nobody, which every distribution has. */
export const NOBODY: UserIds = { uid: 65534, gid: 65534 };

/** Finds a user by `UID`, `UID:GID`, or a name of /etc/passwd. undefined for an unknown one. */
export function findUser(text: string, passwd = '/etc/passwd'): UserIds | undefined {
  const [, uid, gid] = /^(\d{1,9})(?::(\d{1,9}))?$/.exec(text) ?? [];
  if (uid !== undefined) return { uid: Number(uid), gid: Number(gid ?? uid) };
  const line = readText(passwd)
    .split('\n')
    .find((one) => one.startsWith(`${text}:`));
  const [, , userId, groupId] = line?.split(':') ?? [];
  return userId && groupId ? { uid: Number(userId), gid: Number(groupId) } : undefined;
}

/** Reads /etc/passwd, which an image without users does not have. */
function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
