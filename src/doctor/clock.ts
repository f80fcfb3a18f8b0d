// SPDX-License-Identifier: Apache-2.0
import type { ClockReading } from '../kernel/clock.ts';
import { type Finding, ok, warn } from './check.ts';
import { readText } from './read.ts';

const SOURCE = '/sys/devices/system/clocksource/clocksource0/current_clocksource';
/** Read from a device rather than a register of the CPU, which takes a microsecond and more; `jiffies` are also coarse. */
const SLOW = new Set(['hpet', 'acpi_pm', 'pit', 'jiffies', 'refined-jiffies']);
/** Before this program was written. */
const TOO_EARLY_NS = BigInt(Date.UTC(2025, 0)) * 1_000_000n;

/** The kernel's clock, which dates the records, and how well the time of day is known from it. */
export async function clock(path = SOURCE, readClocks = loadReader): Promise<Finding> {
  const source = readText(path) || 'unknown';
  const reading = await readClocks();
  if (reading === undefined) return ok(`${source}; how exactly cannot be measured without the addon.`);
  const { realtimeNs, uncertaintyNs } = reading;
  if (realtimeNs < TOO_EARLY_NS) {
    const date = new Date(Number(realtimeNs / 1_000_000n)).toISOString();
    return warn(
      `${source}; the time of day is wrong: ${date}.`,
      'Set the clock, such as with timedatectl set-ntp true.',
    );
  }
  const exactly = `records are dated to ${Math.ceil(uncertaintyNs)} ns of the time of day`;
  if (!SLOW.has(source)) return ok(`${source}; ${exactly}.`);
  return warn(
    `${source}, which is slow to read: every compaction costs more; ${exactly}.`,
    'Look for "clocksource" in dmesg: the kernel says why it does not trust a faster one.',
  );
}

async function loadReader(): Promise<ClockReading | undefined> {
  try {
    return (await import('bpf-loader-native')).readClocks();
  } catch {
    return undefined; // `install` says why.
  }
}
