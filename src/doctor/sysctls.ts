// SPDX-License-Identifier: Apache-2.0
/** The settings that people suspect first. */
import { type Capability, type CapabilityPaths, capabilitiesKnown, lackingCapabilities } from '../host/capabilities.ts';
import { readNumber } from '../host/setting-file.ts';
import { KernelSymbols } from '../kernel/symbols.ts';
import { hiddenSymbols, KPTR_RESTRICT } from '../live/hidden-symbols.ts';
import { type Finding, ok, warn } from './check.ts';

/** Whether symbols are visible, by trying: the setting's effect depends on capabilities and on perf_event_paranoid. */
export function kptrRestrict(
  path = KPTR_RESTRICT,
  symbols = new KernelSymbols(),
  more: Parameters<typeof hiddenSymbols>[1] = {},
): Finding {
  const value = readNumber(path) ?? 'unknown';
  const hidden = hiddenSymbols(symbols, { ...more, kptrRestrict: path });
  symbols.close();
  if (hidden === undefined) return ok(`${value}: this process sees the kernel's symbols.`);
  return warn(`${value}: ${hidden.why}`, hidden.todo);
}

/** Debian's kernels add this value: from 3 on CAP_PERFMON is not enough for a kprobe. */
const NO_KPROBES = 3;

export function perfEventParanoid(
  path = '/proc/sys/kernel/perf_event_paranoid',
  paths?: CapabilityPaths,
  uid = process.getuid!(),
): Finding {
  const value = readNumber(path);
  if (value === undefined || value < NO_KPROBES)
    return ok(`${value ?? 'unknown'}: ${doesNotMatter('CAP_PERFMON', paths)}`);
  if (lackingCapabilities(['CAP_SYS_ADMIN'], paths).length > 0) {
    return warn(
      `${value}: with this value, Debian's kernels require CAP_SYS_ADMIN for kprobes: publications by processes are missed, and the kprobe plan is not available.`,
      uid === 0
        ? 'Set kernel.perf_event_paranoid=2 on the host, or grant CAP_SYS_ADMIN.'
        : 'Set kernel.perf_event_paranoid=2, or start as root: the agent gives root up once everything is attached.',
    );
  }
  return ok(`${value}: ${doesNotMatter('CAP_SYS_ADMIN', paths)}`);
}

export function unprivilegedBpfDisabled(
  path = '/proc/sys/kernel/unprivileged_bpf_disabled',
  paths?: CapabilityPaths,
): Finding {
  return ok(`${readNumber(path) ?? 'unknown'}: ${doesNotMatter('CAP_BPF', paths)}`);
}

/** What a setting means for this process, which has the capability or does not. CAP_SYS_ADMIN includes the others. */
function doesNotMatter(capability: Capability, paths?: CapabilityPaths): string {
  if (!capabilitiesKnown(paths)) return `it does not matter to a process with ${capability}.`;
  const candidates: Capability[] = [capability, 'CAP_SYS_ADMIN'];
  const has = candidates.find((name) => lackingCapabilities([name], paths).length === 0);
  if (has) return `it does not matter, as this process has ${has}.`;
  return `it matters as long as this process lacks ${capability}: see capabilities.`;
}
