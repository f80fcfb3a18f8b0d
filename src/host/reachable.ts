// SPDX-License-Identifier: Apache-2.0
import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { UserIds } from './users.ts';

/** Whether a user gets to the files of a folder, by the modes of it and of all above it. @param folder an absolute path */
export function isReachable(folder: string, { uid, gid }: UserIds): boolean {
  const { mode, uid: owner, gid: group } = statSync(folder);
  const search = owner === uid ? 0o100 : group === gid ? 0o010 : 0o001;
  const above = dirname(folder);
  return (uid === 0 || (mode & search) !== 0) && (above === folder || isReachable(above, { uid, gid }));
}
