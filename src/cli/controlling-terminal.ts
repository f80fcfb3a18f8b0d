// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';

/** tty_nr among the fields after the name, which is field 2 of proc_pid_stat(5). */
const TTY = 7 - 3;

/** Whether this process has a terminal, which sends it SIGHUP when it is closed. */
export function hasControllingTerminal(): boolean {
  try {
    const stat = readFileSync('/proc/self/stat', 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[TTY] !== '0';
  } catch {
    return true; // /proc does not say.
  }
}
