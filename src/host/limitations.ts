// SPDX-License-Identifier: Apache-2.0
/** A part of the host that this process cannot see. `run` reports it once, and `doctor` beforehand in the same words. */
import { existsSync } from 'node:fs';
import { type ContainerPlaces, hasContainersPids } from './container.ts';
import { pidNamespace } from './pid-namespace.ts';

export interface Limitation {
  why: string;
  todo: string;
}

export const NO_PROBE_READS: Limitation = {
  why: 'this kernel forbids probe reads (lockdown=confidentiality): free pages are the sum of the free lists, zone names follow from the zone type, and spans of applications are not seen.',
  todo: 'If that is not enough, boot with lockdown=integrity.',
};

/** @param passedOver the attach plans that were not taken, each with its reason */
export function preemptible(passedOver: readonly string[]): Limitation {
  const kprobe = passedOver.find((text) => text.startsWith('kprobe: '))?.slice('kprobe: '.length);
  return {
    why: 'programs on the tracepoints of this kernel can be preempted (Linux 7.0 and later): while many threads compact at once, some records are lost, and counted.',
    todo:
      kprobe === undefined
        ? 'The kprobe plan loses none: omit --attach.'
        : `The kprobe plan loses none, but was not taken: ${kprobe.replace(/\.?$/, '.')}`,
  };
}

/** What a procfs does not show of the pids of this machine; undefined when it shows all. */
export function pidLimitation(procfs: string, places?: ContainerPlaces): Limitation | undefined {
  const namespace = pidNamespace(procfs);
  if (namespace === undefined) return unknownPids(procfs);
  if (namespace.isFirst) return undefined;
  return {
    why: `${procfs} shows the pids of one PID namespace, not of the whole machine: stalls of kernel threads and of processes outside of it have pid 0, no service and no active span.`,
    todo: hasContainersPids(places)
      ? "To see those too, share the host's PIDs with this container: docker --pid=host, hostPID: true in Kubernetes."
      : 'To see those too, run it in the first PID namespace, or give it a /proc of that namespace with --procfs.',
  };
}

const unknownPids = (procfs: string): Limitation => ({
  why: `it cannot be known whose pids ${procfs} shows: stalls have pid 0, no service and no active span.`,
  todo: existsSync(`${procfs}/1`)
    ? `It has the pids of another PID namespace than this process: grant CAP_SYS_PTRACE, which opens ${procfs}/1/ns/pid.`
    : 'Mount a proc file system there.',
});

/** @param lacking names of capabilities */
export const othersClosed = (lacking: readonly string[]): Limitation => ({
  why: `without ${lacking.join(' and ')}, the prober cannot read processes of other users: their stalls are root spans, and their services have the name of their main thread.`,
  todo: 'Grant what is missing, or ask for less: --context off --resource host, without a JSON output.',
});

/** The effect when publications of contexts are not seen. It rarely matters. */
export const publicationsUnseen = (reason: string): string =>
  `A process that publishes more than 15 s after its start may be recognized only after its first stall: ${reason.replace(/\.$/, '')}.`;

export const obiUnread = (reason: string): Limitation => ({
  why: `the spans of OpenTelemetry eBPF Instrumentation cannot be read. ${reason}`,
  todo: 'If it is newer than this compactstall, a newer compactstall may know its map.',
});

export const proberNotStarted = (reason: string, todo: string): Limitation => ({
  why: `cannot start the prober, which looks up services and active spans: ${reason}. Spans carry no service and no parent.`,
  todo,
});

export const proberEnded = (reason: string): Limitation => ({
  why: `the prober ended: ${reason}. From now on spans carry no service and no parent.`,
  todo: 'Restart compactstall to restart it.',
});
