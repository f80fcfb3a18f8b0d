// SPDX-License-Identifier: Apache-2.0
import { addon } from './addon.ts';
import * as check from './check.ts';
import { errnoName } from './error.ts';

export { BpfError, type BpfErrorDetails } from './error.ts';
export { BpfObject, type LoadOptions, type ProgramStats } from './object.ts';
export { RingBuffer } from './ring.ts';

/** Three clocks read at one instant, in nanoseconds. */
export interface Clocks {
  /** CLOCK_MONOTONIC, which is bpf_ktime_get_ns(). */
  monotonicNs: bigint;
  /** CLOCK_REALTIME, since the epoch. */
  realtimeNs: bigint;
  /** CLOCK_BOOTTIME, which is bpf_ktime_get_boot_ns(). */
  boottimeNs: bigint;
  /** The other two were read at most this long before or after monotonicNs. */
  uncertaintyNs: number;
}

/** Reads the clocks several times and returns the tightest reading. */
export function readClocks(): Clocks {
  return addon.readClocks();
}

/**
 * The error with which every call of bpf(2) fails, whatever it asks for, such as 'EPERM' by a seccomp filter; undefined when
 * calls reach the kernel. It also fails without privileges where the kernel has bpf(2) for privileged processes only.
 */
export function bpfRefusal(): string | undefined {
  return errnoName(addon.bpfRefusal());
}

/** The same of perf_event_open(2), which kprobes and classic tracepoints are attached with. */
export function perfEventOpenRefusal(): string | undefined {
  return errnoName(addon.perfEventOpenRefusal());
}

/**
 * Sends one datagram to a unix socket, which Node.js cannot, as sd_notify(3) does. Throws SEND_FAILED.
 * @param address a path, or `@` and the name of an abstract socket
 */
export function sendDatagram(address: string, text: string): void {
  addon.sendDatagram(check.text('address', address), check.text('text', text));
}

/**
 * Locks a folder until this process ends, however it ends. Throws LOCK_FAILED.
 * @returns whether it did: false when another process has it locked
 */
export function lockFolder(path: string): boolean {
  return addon.lockFolder(check.text('path', path));
}

/**
 * The number of records that a ring buffer holds and nobody has released. They stay there. Throws PIN_FAILED, RING_FAILED.
 * @param path where its map is pinned
 * @param longerThan counts only records of more bytes than this
 */
export function unreadRecords(path: string, longerThan = 0): number {
  return addon.unreadRecords(check.text('path', path), check.count('longerThan', longerThan + 1, 2 ** 32 - 1) - 1);
}

/** Makes the kernel measure the run time of all BPF programs on the host until closed. Needs CAP_SYS_ADMIN. */
export function enableRunTimeStats(): { close(): void } {
  const native = new addon.NativeRunTimeStats();
  return { close: () => native.close() };
}

/**
 * Gives up every capability for good, in all threads; call it once everything is loaded and attached. A root process names
 * the user that it becomes. Before Linux 5.19 the calling thread keeps CAP_BPF, because bpf(2) requires it even with an open
 * descriptor. Threads that it starts later have it too, except libuv's and a ring buffer's. Throws PRIVILEGES_FAILED, after
 * which some threads may have lost their capabilities.
 * @returns whether CAP_BPF was kept
 */
export function giveUpPrivileges(user?: { uid: number; gid: number }): boolean {
  if (user === undefined) return addon.giveUpPrivileges();
  return addon.giveUpPrivileges(check.userId('uid', user.uid), check.userId('gid', user.gid));
}
