// SPDX-License-Identifier: Apache-2.0
import type { BpfError } from 'bpf-loader-native';
import { NOBODY, type UserIds } from '../host/users.ts';
import { type Message, message } from '../messages/message.ts';

/** Who this process is once it has given up its rights: the user, if it is root now; undefined if that does not change. */
export const ownerAfterStart = (user: UserIds = NOBODY): UserIds | undefined =>
  process.getuid!() === 0 ? user : undefined;

/**
 * Gives up all rights of this process: everything is loaded, attached and open, and it needs none from here on. Where that
 * fails, it warns and goes on.
 * @param user the user to switch to from root
 */
export async function giveUpPrivileges(user: UserIds, warn: (message: Message) => void): Promise<void> {
  const isRoot = process.getuid!() === 0;
  if (isRoot && user.uid === 0) return;
  const { giveUpPrivileges } = await import('bpf-loader-native');
  try {
    giveUpPrivileges(isRoot ? user : undefined);
  } catch (error) {
    if (!isRoot || (error as BpfError).errno !== 'EPERM') {
      warn(keptPrivileges(error));
      return;
    }
    giveUpCapabilities(giveUpPrivileges, warn);
  }
}

/** For root in a container that may not change its user. */
function giveUpCapabilities(giveUpPrivileges: () => boolean, warn: (message: Message) => void): void {
  try {
    giveUpPrivileges();
    warn(message('stays_root', {}));
  } catch (error) {
    warn(keptPrivileges(error));
  }
}

const keptPrivileges = (error: unknown) => message('privileges_kept', { reason: (error as BpfError).message });
