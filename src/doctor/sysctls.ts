// SPDX-License-Identifier: Apache-2.0
/** The settings that people suspect first. */
import { type CapabilityPaths, lackingCapabilities } from '../host/capabilities.ts';
import { HIDDEN_SYMBOLS } from '../host/limitations.ts';
import { KernelSymbols } from '../kernel/symbols.ts';
import { type Finding, ok, warn } from './check.ts';
import { readNumber } from './read.ts';

/** Whether symbols are visible, by trying: the setting's effect depends on capabilities and on perf_event_paranoid. */
export function kptrRestrict(path = '/proc/sys/kernel/kptr_restrict', symbols = new KernelSymbols()): Finding {
  const value = readNumber(path) ?? 'unknown';
  const visible = symbols.available;
  symbols.close();
  if (visible) return ok(`${value}: this process sees the kernel's symbols.`);
  return warn(`${value}: ${HIDDEN_SYMBOLS.why}`, HIDDEN_SYMBOLS.todo);
}

/** Debian's kernels add this value: from 3 on CAP_PERFMON is not enough for a kprobe. */
const NO_KPROBES = 3;

export function perfEventParanoid(
  path = '/proc/sys/kernel/perf_event_paranoid',
  capabilities?: CapabilityPaths,
): Finding {
  const value = readNumber(path);
  if (value === undefined) return ok('unknown; it does not matter with CAP_PERFMON.');
  if (value >= NO_KPROBES && lackingCapabilities(['CAP_SYS_ADMIN'], capabilities).length > 0) {
    return warn(
      `${value}: with this value, Debian's kernels require CAP_SYS_ADMIN for kprobes: publications by processes are missed, and the kprobe plan is not available.`,
      'Set kernel.perf_event_paranoid=2, or start as root: the agent gives root up once everything is attached.',
    );
  }
  return ok(`${value}: it does not matter with CAP_PERFMON${value >= NO_KPROBES ? ' and CAP_SYS_ADMIN' : ''}.`);
}

export function unprivilegedBpfDisabled(path = '/proc/sys/kernel/unprivileged_bpf_disabled'): Finding {
  const value = readNumber(path);
  if (value === undefined) return ok('unknown; it does not matter with CAP_BPF.');
  return ok(`${value}: it does not matter with CAP_BPF.`);
}
