// SPDX-License-Identifier: Apache-2.0
import type { BpfError } from 'bpf-loader-native';
import type { UserIds } from '../host/users.ts';
import type { Messages } from './messages.ts';

/**
 * Gives up all rights: everything is loaded, attached and open, and the agent needs none from here on. Where that fails,
 * the agent says so and goes on.
 * @param user the user to switch to from root
 */
export async function giveUpPrivileges(user: UserIds, messages: Messages): Promise<void> {
  const isRoot = process.getuid!() === 0;
  if (isRoot && user.uid === 0) return;
  const { giveUpPrivileges } = await import('bpf-loader-native');
  try {
    giveUpPrivileges(isRoot ? user : undefined);
  } catch (error) {
    if (!isRoot || (error as BpfError).errno !== 'EPERM') {
      messages.say((error as BpfError).message);
      return;
    }
    giveUpCapabilities(giveUpPrivileges, messages);
  }
}

/** For root in a container that may not change its user. */
function giveUpCapabilities(giveUpPrivileges: () => boolean, messages: Messages): void {
  try {
    giveUpPrivileges();
    messages.say(
      'stays root, but has given up its capabilities: it may not change its user. If it should, grant CAP_SETUID and CAP_SETGID.',
    );
  } catch (error) {
    messages.say((error as BpfError).message);
  }
}
