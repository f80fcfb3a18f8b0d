// SPDX-License-Identifier: Apache-2.0
import type { BpfError } from 'bpf-loader-native';
import type { UserIds } from '../host/users.ts';
import type { Messages } from './messages.ts';

/**
 * Gives up all rights: everything is loaded, attached and open, and the agent needs none from here on. Where that fails, as
 * for root in a container without CAP_SETUID, the agent says so and goes on.
 * @param user the user to switch to from root
 */
export async function giveUpPrivileges(user: UserIds, messages: Messages): Promise<void> {
  const isRoot = process.getuid!() === 0;
  if (isRoot && user.uid === 0) return;
  const { giveUpPrivileges } = await import('bpf-loader-native');
  try {
    giveUpPrivileges(isRoot ? user : undefined);
  } catch (error) {
    const { message, errno } = error as BpfError;
    messages.say(`${message}${isRoot && errno === 'EPERM' ? ' Grant CAP_SETUID and CAP_SETGID.' : ''}`);
  }
}
