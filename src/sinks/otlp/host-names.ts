// SPDX-License-Identifier: Apache-2.0
import { readlinkSync } from 'node:fs';
import { readResourceAttributes } from './resource-attributes.ts';

/** The inode of the first UTS namespace, PROC_UTS_INIT_INO. */
const FIRST_NAMESPACE = 'uts:[4026531838]';

/**
 * The attributes of the host that this process can only guess. In another UTS namespace than the first, as in a container, the
 * host's name is that of the container, and /etc/machine-id is usually the container's, too. What the user sets is certain.
 * @param namespace of this process
 */
export function guessedOfHost(env: NodeJS.ProcessEnv, namespace = '/proc/self/ns/uts'): string[] {
  if (isFirst(namespace)) return [];
  const set = readResourceAttributes(env);
  return ['host.name', 'host.id'].filter((name) => !Object.hasOwn(set, name));
}

function isFirst(namespace: string): boolean {
  try {
    return readlinkSync(namespace) === FIRST_NAMESPACE;
  } catch {
    return true; // A kernel without UTS namespaces.
  }
}
