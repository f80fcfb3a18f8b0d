// SPDX-License-Identifier: Apache-2.0

import { mayChangeUser } from '../host/capabilities.ts';

const FLAG = '--disable-sigusr1';

/**
 * Node.js has a thread that starts its debugger on SIGUSR1. It blocks all signals, so no signal can make it give up its
 * capabilities. Root that becomes another user does not need a signal; otherwise the process restarts without that thread,
 * 40 ms later.
 */
export function restartWithoutDebugSignal(): void {
  if (mayChangeUser() || process.execArgv.includes(FLAG)) return;
  const words = [process.execPath, FLAG, ...process.execArgv, ...process.argv.slice(1)];
  process.execve!(process.execPath, words, process.env);
}
