// SPDX-License-Identifier: Apache-2.0
/** The surroundings of a benchmark: its folder, its end, and the state of the host meanwhile. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';

/** A limit that only a hang reaches. */
const GIVE_UP_MS = 7_200_000;

/**
 * Makes a temporary folder, and hides the caller's settings from the agents.
 *
 * @returns the folder, which is removed at any end of this process; agents and collectors then end by themselves
 */
export function leaveHostAsFound(): string {
  for (const name of Object.keys(process.env)) {
    if (/^OTEL_|^NO_COLOR$|^NODE_OPTIONS$/.test(name)) delete process.env[name];
  }
  const folder = mkdtempSync(join(tmpdir(), 'compactstall-bench-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  // An unhandled signal ends the process without `exit`.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => process.exit(128 + constants.signals[signal]));
  }
  setTimeout(() => {
    console.error(`not done after ${GIVE_UP_MS / 60_000} minutes: giving up`);
    process.exit(1);
  }, GIVE_UP_MS).unref();
  return folder;
}

/** Measures the share of CPU time that the hypervisor gave to others, from this call to the call of the result. */
export function stolenShare(): () => number {
  const before = cpuTimes();
  return () => {
    const after = cpuTimes();
    return (after.stolen - before.stolen) / Math.max(after.all - before.all, 1);
  };
}

/** /proc/stat: user nice system idle iowait irq softirq steal; guest time is in user time already. */
function cpuTimes(): { all: number; stolen: number } {
  const ticks = readFileSync('/proc/stat', 'utf8').split('\n')[0]!.split(/\s+/).slice(1, 9).map(Number);
  return { all: ticks.reduce((sum, n) => sum + n, 0), stolen: ticks[7] ?? 0 };
}
