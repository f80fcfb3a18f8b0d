// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';

export const LOCKDOWN_FILE = '/sys/kernel/security/lockdown';

/** The selected mode, as the kernel names it; undefined when unknown, such as without securityfs. */
export function lockdownMode(path = LOCKDOWN_FILE): string | undefined {
  try {
    return /\[(\w+)\]/.exec(readFileSync(path, 'latin1'))?.[1];
  } catch {
    return undefined;
  }
}
