// SPDX-License-Identifier: Apache-2.0
import type { BpfError } from 'bpf-loader-native';
import type { Messages } from '../cli/messages.ts';
import { InstallError } from '../errors.ts';
import {
  HIDDEN_SYMBOLS,
  type Limitation,
  NO_PROBE_READS,
  OTHER_PIDS,
  obiUnread,
  othersClosed,
  PREEMPTIBLE,
} from '../host/limitations.ts';
import { seesInitialPids } from '../host/pid-namespace.ts';
import type { UserIds } from '../host/users.ts';
import type { LiveOptions, LiveSource } from './live-source.ts';

/** Some 10 000 records; the agent's memory grows by twice as much, as the ring is mapped twice. */
export const DEFAULT_RING_BYTES = 4 * 1024 * 1024;

/**
 * The addon is imported here and not before: --help and --version must work where it does not load. Throws an
 * InstallError then.
 */
export async function importLive(): Promise<typeof import('./live-source.ts')> {
  try {
    return await import('./live-source.ts');
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'ADDON_MISSING') throw error;
    throw new InstallError((error as Error).message, '../cli/setup.sh does all of it.');
  }
}

/** Loads and attaches the BPF programs. Throws a StartError that says what is missing. */
export async function openLiveSource(options: LiveOptions): Promise<LiveSource> {
  const { LiveSource } = await importLive();
  return new LiveSource(options);
}

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

/** What this process may not see of the host, once: rows and stacks without it look as if it were not there. */
export function sayLimitations(source: LiveSource, stacks: boolean, messages: Messages): void {
  const say = ({ why, todo }: Limitation) => messages.say(`${why} ${todo}`);
  if (stacks && !source.symbols.available) say(HIDDEN_SYMBOLS);
  if (!source.plan.probeReads) say(NO_PROBE_READS);
  // Where probe reads are forbidden, so is what that asks for.
  else if (source.preemptible) say(PREEMPTIBLE);
  if (!seesInitialPids()) say(OTHER_PIDS);
  if (source.lackingForOthers.length > 0) say(othersClosed(source.lackingForOthers));
  if (source.obiObstacle !== undefined) say(obiUnread(source.obiObstacle));
}
