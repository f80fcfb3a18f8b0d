// SPDX-License-Identifier: Apache-2.0

const FLAG = '--disable-sigusr1';

/**
 * Node.js has a thread that waits for SIGUSR1, to start its debugger then. It blocks all signals, so it could never be told
 * to give up its capabilities. Without root, who needs no telling, this begins again without that thread, 40 ms later.
 */
export function restartWithoutDebugSignal(): void {
  if (process.getuid!() === 0 || process.execArgv.includes(FLAG)) return;
  const words = [process.execPath, FLAG, ...process.execArgv, ...process.argv.slice(1)];
  process.execve!(process.execPath, words, process.env);
}
