// SPDX-License-Identifier: Apache-2.0
import { existsSync, readFileSync } from 'node:fs';
import { inOwnUserNamespace, LEAVE_USER_NAMESPACE, lackingCapabilities } from '../host/capabilities.ts';
import { hiddenKernelFile } from '../host/kernel-file.ts';
import type { KernelSymbols } from '../kernel/symbols.ts';
import { message, type Obstacle } from '../messages/message.ts';

export const KPTR_RESTRICT = '/proc/sys/kernel/kptr_restrict';
/** The value that hides addresses from everybody. */
const FROM_ALL = '2';

/**
 * Why this process does not see the kernel's symbols; undefined when it does. Asked while the process has its capabilities.
 *
 * @param lacksSyslog whether CAP_SYSLOG is known to be missing
 * @param inUserNamespace whether this process is in its own user namespace, where CAP_SYSLOG does not count
 */
export function hiddenSymbols(
  symbols: KernelSymbols,
  {
    kptrRestrict = KPTR_RESTRICT,
    hidden = hiddenKernelFile,
    lacksSyslog = lackingCapabilities(['CAP_SYSLOG']).length > 0,
    inUserNamespace = inOwnUserNamespace(),
  } = {},
): Obstacle | undefined {
  if (symbols.available) return undefined;
  const covered = hidden('/proc/kallsyms');
  if (covered !== undefined) return message('symbols_unreadable', { reason: covered.why }, covered.todo);
  if (symbols.obstacle !== undefined) {
    const there = existsSync('/proc/kallsyms');
    const todo = there ? 'Let this process read it.' : 'Use a kernel built with CONFIG_KALLSYMS=y.';
    return message('symbols_unreadable', { reason: symbols.obstacle }, todo);
  }
  const todo = inUserNamespace ? LEAVE_USER_NAMESPACE : remedy(lacksSyslog, readText(kptrRestrict));
  return message('symbols_hidden', {}, todo);
}

function remedy(lacksSyslog: boolean, kptrRestrict: string | undefined): string {
  const allow = kptrRestrict === FROM_ALL ? 'set kernel.kptr_restrict to 0 or 1' : undefined;
  if (lacksSyslog) return allow ? `Grant CAP_SYSLOG, and ${allow}.` : 'Grant CAP_SYSLOG.';
  if (allow) return `${allow[0]!.toUpperCase()}${allow.slice(1)}.`;
  return `The reason is not known: CAP_SYSLOG is effective, and kernel.kptr_restrict is ${kptrRestrict ?? 'unknown'}.`;
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1').trim();
  } catch {
    return undefined;
  }
}
