// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { message } from '../messages/message.ts';

export const PTRACE_SCOPE = '/proc/sys/kernel/yama/ptrace_scope';
/** No process may attach to another, whatever capabilities it has. The value cannot be lowered again. */
const NONE = 3;

/** The setting of Yama; undefined where the kernel has none, or does not show it. */
export function ptraceScope(path = PTRACE_SCOPE): number | undefined {
  try {
    const text = readFileSync(path, 'latin1').trim();
    return /^\d$/.test(text) ? Number(text) : undefined;
  } catch {
    return undefined;
  }
}

export const NO_FOREIGN_MEMORY = message(
  'ptrace_forbidden',
  {},
  'Set it to 0, 1 or 2 in /etc/sysctl.d, and reboot: it cannot be lowered before.',
);

/** Whether the memory of other processes is closed to everybody. */
export const foreignMemoryClosed = (path?: string): boolean => ptraceScope(path) === NONE;
