// SPDX-License-Identifier: Apache-2.0
/** What the host may hide from this process: `run` says it once, `doctor` beforehand, with the same words. */

export interface Limitation {
  why: string;
  todo: string;
}

export const HIDDEN_SYMBOLS: Limitation = {
  why: 'the kernel hides its symbols from this process: stacks show addresses.',
  todo: 'It takes CAP_SYSLOG, and kernel.kptr_restrict below 2.',
};

export const NO_PROBE_READS: Limitation = {
  why: 'this kernel forbids probe reads (lockdown=confidentiality): free pages are the sum of the free lists, zones are named by their kind, and spans of applications are not seen.',
  todo: 'Where that is not enough, boot with lockdown=integrity.',
};

export const PREEMPTIBLE: Limitation = {
  why: 'programs on the tracepoints of this kernel can be preempted (from 7.0 on): while many threads compact at once, some records are lost, and counted.',
  todo: 'The kprobe plan does not lose any; it needs kprobes, and tracefs at /sys/kernel/tracing that this process may read.',
};

export const OTHER_PIDS: Limitation = {
  why: "this is a PID namespace of its own (a container without the host's PIDs): pids are those of the host; executables, services and active spans are not known.",
  todo: "Start the container with the host's PIDs: docker --pid=host, hostPID: true in Kubernetes.",
};

/** @param lacking names of capabilities */
export const othersClosed = (lacking: readonly string[]): Limitation => ({
  why: `without ${lacking.join(' and ')}, processes of other users are not looked into: their stalls are roots, and their services are called by the name of their main thread.`,
  todo: 'Grant what is missing, or ask for less: --context off --resource host.',
});

/** A reason that publications of contexts are not seen; it rarely matters. */
export const publicationsUnseen = (reason: string): string =>
  `A process that publishes more than 15 s after its start may be known only after its first stall: ${reason.replace(/\.$/, '')}.`;

export const obiUnread = (reason: string): Limitation => ({
  why: `the spans of OpenTelemetry eBPF Instrumentation are not seen. ${reason}`,
  todo: 'Where it is newer than this compactstall, a newer one may know its map.',
});

export const proberNotStarted = (reason: string): Limitation => ({
  why: `the process that looks into others does not start, so services and trace contexts are missing: ${reason}.`,
  todo: './setup.sh builds it. The user that it switches to (nobody, or the one of --user) must be able to read it.',
});

export const proberEnded = (reason: string): Limitation => ({
  why: `the process that looks into others ended, so from now on services and trace contexts are missing: ${reason}.`,
  todo: 'Starting compactstall again starts it again.',
});
