// SPDX-License-Identifier: Apache-2.0
import { readFileSync, readlinkSync } from 'node:fs';
import { HostError } from '../errors.ts';

/** Bit numbers of include/uapi/linux/capability.h. */
const CAPABILITIES = {
  CAP_DAC_READ_SEARCH: 2,
  CAP_SYS_PTRACE: 19,
  CAP_SYS_ADMIN: 21,
  CAP_SYSLOG: 34,
  CAP_PERFMON: 38,
  CAP_BPF: 39,
  CAP_CHECKPOINT_RESTORE: 40,
} as const;
export type Capability = keyof typeof CAPABILITIES;

/** The inode of the initial user namespace, PROC_USER_INIT_INO. */
const INITIAL_NAMESPACE = 'user:[4026531837]';

/** The kernel's files; tests use others. */
export interface CapabilityPaths {
  status: string;
  lastCapability: string;
  userNamespace: string;
}

const PATHS: CapabilityPaths = {
  status: '/proc/self/status',
  lastCapability: '/proc/sys/kernel/cap_last_cap',
  userNamespace: '/proc/self/ns/user',
};

/** The wanted capabilities that are not among this process's effective ones. */
export function lackingCapabilities<T extends Capability>(wanted: readonly T[], { status } = PATHS): T[] {
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(readText(status))?.[1] ?? '0'}`);
  return wanted.filter((name) => ((effective >> BigInt(CAPABILITIES[name])) & 1n) === 0n);
}

/** The capabilities that this process lacks to load and attach programs; CAP_SYS_ADMIN includes both. */
export function missingCapabilities(paths = PATHS): Capability[] {
  if (lackingCapabilities(['CAP_SYS_ADMIN'], paths).length === 0) return [];
  // Neither exists before Linux 5.8.
  const last = Number.parseInt(readText(paths.lastCapability), 10);
  if (last < CAPABILITIES.CAP_BPF) return ['CAP_SYS_ADMIN'];
  return lackingCapabilities(['CAP_BPF', 'CAP_PERFMON'], paths);
}

/** Root of a user namespace has every capability there, but none for the kernel as a whole. */
export function inOwnUserNamespace({ userNamespace } = PATHS): boolean {
  try {
    return readlinkSync(userNamespace) !== INITIAL_NAMESPACE;
  } catch {
    return false; // The kernel has no user namespaces.
  }
}

/** The reason why this process may not load BPF programs; undefined when it may. */
export function privilegeError(paths = PATHS, log?: string): HostError | undefined {
  if (inOwnUserNamespace(paths)) {
    return new HostError(
      'may not load BPF programs: this process is in its own user namespace, whose capabilities do not count for the kernel.',
      "Run it in the host's user namespace: not rootless, docker --userns=host, a unit without PrivateUsers=.",
      log,
    );
  }
  const missing = missingCapabilities(paths);
  if (missing.length === 0) return undefined;
  const one = missing.length === 1;
  return new HostError(
    `may not load BPF programs: ${missing.join(' and ')} ${one ? 'is' : 'are'} missing.`,
    `Grant ${one ? 'it' : 'them'}: run it with sudo, with AmbientCapabilities=${missing.join(' ')} in a systemd unit, ` +
      'or with --cap-add in a container.',
    log,
  );
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
