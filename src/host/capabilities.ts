// SPDX-License-Identifier: Apache-2.0
import { readFileSync, readlinkSync } from 'node:fs';
import { HostError } from '../errors.ts';
import { message } from '../messages/message.ts';

/** Bit numbers of include/uapi/linux/capability.h. */
const CAPABILITIES = {
  CAP_DAC_READ_SEARCH: 2,
  CAP_SETGID: 6,
  CAP_SETUID: 7,
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

/** The effective capabilities as a set of bits; undefined when /proc does not say. */
function effectiveCapabilities({ status } = PATHS): bigint | undefined {
  const bits = /^CapEff:\s*([0-9a-f]+)$/m.exec(readText(status))?.[1];
  return bits === undefined ? undefined : BigInt(`0x${bits}`);
}

export const capabilitiesKnown = (paths = PATHS): boolean => effectiveCapabilities(paths) !== undefined;

/** The wanted capabilities that are known not to be among this process's effective ones. */
export function lackingCapabilities<T extends Capability>(wanted: readonly T[], paths = PATHS): T[] {
  const effective = effectiveCapabilities(paths);
  if (effective === undefined) return [];
  return wanted.filter((name) => ((effective >> BigInt(CAPABILITIES[name])) & 1n) === 0n);
}

/** The capabilities that this process lacks to load and attach programs; CAP_SYS_ADMIN includes both. */
export function missingCapabilities(paths = PATHS): Capability[] {
  if (!capabilitiesKnown(paths) || lackingCapabilities(['CAP_SYS_ADMIN'], paths).length === 0) return [];
  // Neither exists before Linux 5.8.
  const last = Number.parseInt(readText(paths.lastCapability), 10);
  if (last < CAPABILITIES.CAP_BPF) return ['CAP_SYS_ADMIN'];
  return lackingCapabilities(['CAP_BPF', 'CAP_PERFMON'], paths);
}

/** Whether this process is root that may become another user. */
export const mayChangeUser = (paths = PATHS): boolean =>
  process.getuid!() === 0 && lackingCapabilities(['CAP_SETUID', 'CAP_SETGID'], paths).length === 0;

/** Root of a user namespace has every capability there, but none for the kernel as a whole. */
export function inOwnUserNamespace({ userNamespace } = PATHS): boolean {
  try {
    return readlinkSync(userNamespace) !== INITIAL_NAMESPACE;
  } catch {
    return false; // The kernel has no user namespaces.
  }
}

/** The advice where capabilities do not count: granting one would not help. */
export const LEAVE_USER_NAMESPACE =
  "Run it in the host's user namespace: not rootless, docker --userns=host, a unit without PrivateUsers=.";

/** The reason why this process may not load BPF programs; undefined when it may. */
export function privilegeError(paths = PATHS, log?: string, uid = process.getuid!()): HostError | undefined {
  if (inOwnUserNamespace(paths)) {
    return new HostError(message('user_namespace', {}, LEAVE_USER_NAMESPACE), log);
  }
  const missing = missingCapabilities(paths);
  if (missing.length === 0) return undefined;
  const one = missing.length === 1;
  const todo = `Grant ${one ? 'it' : 'them'}: ${uid === 0 ? grantToRoot(missing) : grantToUser(missing)}`;
  const capabilities = `${missing.join(' and ')} ${one ? 'is' : 'are'}`;
  return new HostError(message('bpf_capabilities_missing', { capabilities }, todo), log);
}

/** Root without them is root in a container, or of a unit that bounds its capabilities; sudo would not help it. */
function grantToRoot(missing: readonly Capability[]): string {
  const short = missing.map((name) => name.replace('CAP_', ''));
  return (
    `${short.map((name) => `--cap-add ${name}`).join(' ')} with docker or podman, capabilities.add: [${short.join(', ')}] in Kubernetes, ` +
    `CapabilityBoundingSet=${missing.join(' ')} in a systemd unit.`
  );
}

const grantToUser = (missing: readonly Capability[]) =>
  `run it with sudo, with AmbientCapabilities=${missing.join(' ')} in a systemd unit, or as root with --cap-add in a container.`;

function readText(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
