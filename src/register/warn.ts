// SPDX-License-Identifier: Apache-2.0
import { writeSync } from 'node:fs';
import { getEnvironmentData, setEnvironmentData } from 'node:worker_threads';

const WARNED = 'compactstall/register warned';

/** Prints one line on standard error for the whole process: workers inherit the note that it was printed. */
export function warnOnce(what: string): void {
  if (getEnvironmentData(WARNED) === true) return;
  setEnvironmentData(WARNED, true);
  try {
    // A worker's process.stderr goes through the main thread, and is lost if the worker ends at once.
    writeSync(2, `compactstall/register: ${what}.\n`);
  } catch {
    // Standard error is closed.
  }
}
