// SPDX-License-Identifier: Apache-2.0
/** Settings that people suspect first. */
import { KernelSymbols } from '../kernel/symbols.ts';
import { HIDDEN_SYMBOLS } from '../source/hidden.ts';
import { type Finding, ok, warn } from './check.ts';
import { readNumber } from './read.ts';

/** By doing: what the setting means depends on capabilities and on perf_event_paranoid. */
export function kptrRestrict(path = '/proc/sys/kernel/kptr_restrict', symbols = new KernelSymbols()): Finding {
  const value = readNumber(path) ?? 'unknown';
  const visible = symbols.available;
  symbols.close();
  if (visible) return ok(`${value}: this process sees the kernel's symbols.`);
  return warn(`${value}: ${HIDDEN_SYMBOLS.why}`, HIDDEN_SYMBOLS.todo);
}

export function perfEventParanoid(path = '/proc/sys/kernel/perf_event_paranoid'): Finding {
  const value = readNumber(path);
  if (value === undefined) return ok('unknown; it does not matter with CAP_PERFMON.');
  return ok(`${value}: it does not matter with CAP_PERFMON.`);
}

export function unprivilegedBpfDisabled(path = '/proc/sys/kernel/unprivileged_bpf_disabled'): Finding {
  const value = readNumber(path);
  if (value === undefined) return ok('unknown; it does not matter with CAP_BPF.');
  return ok(`${value}: it does not matter with CAP_BPF.`);
}
