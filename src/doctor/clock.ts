// SPDX-License-Identifier: Apache-2.0
import { readText } from '../host/setting-file.ts';
import type { ClockReading } from '../kernel/clock.ts';
import { timeOffsets } from '../kernel/time-namespace.ts';
import { type Finding, ok, warn } from './check.ts';
import { failure } from './failure.ts';

const SOURCE = '/sys/devices/system/clocksource/clocksource0/current_clocksource';
/** Sources in a device rather than a CPU register: a reading takes a microsecond or more. `jiffies` are also coarse. */
const SLOW = new Set(['hpet', 'acpi_pm', 'pit', 'jiffies', 'refined-jiffies']);
/** A time before this program was written. */
const TOO_EARLY_NS = BigInt(Date.UTC(2025, 0)) * 1_000_000n;

/** The kernel's clock, which timestamps the records, and how precisely it maps to the time of day. */
export async function clock(path = SOURCE, readClocks = loadReader, folder = '/proc/self'): Promise<Finding> {
  const source = readText(path) || 'unknown';
  const reading = await readClocks();
  if (reading === undefined) return ok(`${source}; without the addon its precision cannot be measured.`);
  let namespace: string;
  try {
    namespace = timeNamespace(reading, folder);
  } catch (error) {
    return failure(error);
  }
  const { realtimeNs, uncertaintyNs } = reading;
  if (realtimeNs < TOO_EARLY_NS) {
    const date = new Date(Number(realtimeNs / 1_000_000n)).toISOString();
    return warn(
      `${source}; the time of day is wrong: ${date}.`,
      'Set the clock, such as with timedatectl set-ntp true.',
    );
  }
  const precision = `timestamps are within ${Math.ceil(uncertaintyNs)} ns of the time of day${namespace}`;
  if (!SLOW.has(source)) return ok(`${source}; ${precision}.`);
  return warn(
    `${source}, which is slow to read: every compaction costs more; ${precision}.`,
    'Search dmesg for "clocksource": the kernel says why it does not trust a faster one.',
  );
}

function timeNamespace(reading: ClockReading, folder: string): string {
  const { monotonicNs } = timeOffsets(() => reading, folder);
  if (monotonicNs === 0n) return '';
  return `; this is a time namespace, whose offsets (${Number(monotonicNs) / 1e9} s) are subtracted`;
}

async function loadReader(): Promise<ClockReading | undefined> {
  try {
    return (await import('bpf-loader-native')).readClocks();
  } catch {
    return undefined; // The `install` check says why.
  }
}
