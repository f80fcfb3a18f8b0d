// SPDX-License-Identifier: Apache-2.0
/** System calls that are refused whatever they ask for, and who refuses them. */
import { readFileSync } from 'node:fs';
import { HostError } from '../errors.ts';
import { message } from '../messages/message.ts';

/** SECCOMP_MODE_FILTER in the line `Seccomp:` of /proc/self/status. */
const FILTER = '2';

/** Whether a seccomp filter is in force; undefined when /proc does not say. */
export function seccompFiltered(status = '/proc/self/status'): boolean | undefined {
  try {
    const mode = /^Seccomp:\s*(\d)$/m.exec(readFileSync(status, 'latin1'))?.[1];
    return mode === undefined ? undefined : mode === FILTER;
  } catch {
    return undefined;
  }
}

/** Who refuses a call before the kernel looks at it: a clause. */
export function refusedBy(filtered: boolean | undefined): string {
  if (filtered === undefined) return 'who refuses it is not known';
  return filtered ? 'a seccomp filter is in force' : 'a security module refuses it, as no seccomp filter is in force';
}

/** The reason why no program can be loaded, for a process that has the capabilities. @param errno of every call of bpf(2) */
export function bpfRefused(errno: string, filtered: boolean | undefined, log?: string): HostError {
  if (errno === 'ENOSYS' && filtered === false) {
    return new HostError(message('no_bpf', {}, 'Use a kernel built with CONFIG_BPF_SYSCALL=y.'), log);
  }
  const todo = filtered === false ? LOOK_IN_LOG : ALLOW_CALLS;
  return new HostError(message('bpf_refused', { errno, refuser: refusedBy(filtered) }, todo), log);
}

const ALLOW_CALLS =
  'Let the seccomp profile allow bpf and perf_event_open: --security-opt seccomp=PROFILE with docker or podman (unconfined is none), ' +
  'securityContext.seccompProfile in Kubernetes, SystemCallFilter=@system-service bpf perf_event_open in a systemd unit.';

const LOOK_IN_LOG = 'Look for the denial in dmesg or the audit log, and allow it in the policy of AppArmor or SELinux.';
