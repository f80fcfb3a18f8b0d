// SPDX-License-Identifier: Apache-2.0
import { addon } from './addon.ts';
import { userId } from './check.ts';

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

/** The tightest of several readings. */
export function readClocks(): Clocks {
  return addon.readClocks();
}

/** Makes the kernel measure the run time of all BPF programs on the host until closed. Needs CAP_SYS_ADMIN. */
export function enableRunTimeStats(): { close(): void } {
  const native = new addon.NativeRunTimeStats();
  return { close: () => native.close() };
}

/**
 * Once everything is loaded and attached: gives up every capability for good, in all threads; a process that is root has to
 * say which user it becomes. Before Linux 5.19 CAP_BPF stays with the calling thread, as bpf(2) takes it even with an open
 * descriptor there; threads that it starts later have it, too, but for libuv's and that of a ring buffer. Throws PRIVILEGES_FAILED; some threads may have lost theirs then.
 * @returns whether CAP_BPF was kept
 */
export function giveUpPrivileges(user?: { uid: number; gid: number }): boolean {
  if (user === undefined) return addon.giveUpPrivileges();
  return addon.giveUpPrivileges(userId('uid', user.uid), userId('gid', user.gid));
}
