// SPDX-License-Identifier: Apache-2.0
import type { BpfError } from 'bpf-loader-native';
import type { UserIds } from '../host/users.ts';
import type { Messages } from './messages.ts';

/**
 * Everything is loaded, attached and open: from here on the agent needs no rights. Where it cannot be without them, as root in
 * a container without CAP_SETUID, it says so and goes on.
 * @param user whom root becomes
 */
export async function giveUpPrivileges(user: UserIds, messages: Messages): Promise<void> {
  const isRoot = process.getuid!() === 0;
  if (isRoot && user.uid === 0) return;
  const { giveUpPrivileges } = await import('bpf-loader-native');
  try {
    giveUpPrivileges(isRoot ? user : undefined);
  } catch (error) {
    const { message, errno } = error as BpfError;
    messages.say(`${message}${isRoot && errno === 'EPERM' ? ' CAP_SETUID and CAP_SETGID are what it takes.' : ''}`);
  }
}
