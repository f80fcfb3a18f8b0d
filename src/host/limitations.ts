// SPDX-License-Identifier: Apache-2.0
/** A part of the host that this process cannot see. `run` reports it once, and `doctor` beforehand in the same words. */
import { existsSync } from 'node:fs';
import { type Message, message, type Obstacle } from '../messages/message.ts';
import { type ContainerPlaces, hasContainersPids } from './container.ts';
import { pidNamespace } from './pid-namespace.ts';

export const NO_PROBE_READS = message('no_probe_reads', {}, 'If that is not enough, boot with lockdown=integrity.');

/** @param passedOver the attach plans that were not taken, each with its reason */
export function preemptible(passedOver: readonly string[]): Obstacle {
  const kprobe = passedOver.find((text) => text.startsWith('kprobe: '))?.slice('kprobe: '.length);
  const todo =
    kprobe === undefined
      ? 'The kprobe plan loses none: omit --attach.'
      : `The kprobe plan loses none, but was not taken: ${kprobe.replace(/\.?$/, '.')}`;
  return message('preemptible', {}, todo);
}

/** What a procfs does not show of the pids of this machine; undefined when it shows all. */
export function pidLimitation(procfs: string, places?: ContainerPlaces): Obstacle | undefined {
  const namespace = pidNamespace(procfs);
  if (namespace === undefined) return unknownPids(procfs);
  if (namespace.isFirst) return undefined;
  const todo = hasContainersPids(places)
    ? "To see those too, share the host's PIDs with this container: docker --pid=host, hostPID: true in Kubernetes."
    : 'To see those too, run it in the first PID namespace, or give it a /proc of that namespace with --procfs.';
  return message('pids_of_one_namespace', { procfs }, todo);
}

function unknownPids(procfs: string): Obstacle {
  const todo = existsSync(`${procfs}/1`)
    ? `It has the pids of another PID namespace than this process: grant CAP_SYS_PTRACE, which opens ${procfs}/1/ns/pid.`
    : 'Mount a proc file system there.';
  return message('pids_unknown', { procfs }, todo);
}

/** @param lacking names of capabilities */
export const othersClosed = (lacking: readonly string[]): Obstacle =>
  message(
    'other_users_closed',
    { capabilities: lacking.join(' and ') },
    'Grant what is missing, or ask for less: --context off --resource host, without a JSON output.',
  );

/** The effect when publications of contexts are not seen. It rarely matters. */
export const publicationsUnseen = (reason: string): Message =>
  message('publications_unseen', { reason: reason.replace(/\.$/, '') });

export const obiUnread = (reason: string): Obstacle =>
  message('obi_unread', { reason }, 'If it is newer than this compactstall, a newer compactstall may know its map.');

export const proberNotStarted = (reason: string, todo: string): Obstacle =>
  message('prober_not_started', { reason }, todo);

export const proberEnded = (reason: string): Obstacle =>
  message('prober_ended', { reason }, 'Restart compactstall to restart it.');
