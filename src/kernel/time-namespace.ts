// SPDX-License-Identifier: Apache-2.0
import { readFileSync, readlinkSync } from 'node:fs';
import { HostError } from '../errors.ts';
import { message } from '../messages/message.ts';
import type { ClockReading } from './clock.ts';

/** The inode of the first time namespace, PROC_TIME_INIT_INO. */
const FIRST_NAMESPACE = 'time:[4026531834]';
const NS_PER_S = 1_000_000_000n;
/** Ticks of /proc/PID/stat are hundredths of a second on every architecture. */
const NS_PER_TICK = 10_000_000n;

/** What a time namespace adds to the kernel's clocks, in nanoseconds. Zeros in the first namespace. */
export interface TimeOffsets {
  /** CLOCK_MONOTONIC and CLOCK_BOOTTIME of this process. */
  monotonicNs: bigint;
  boottimeNs: bigint;
  /** The starts of processes in /proc/PID/stat: CLOCK_BOOTTIME of the reader, but that of the kernel on 5.10. */
  startsNs: bigint;
}

/**
 * The offsets of this process and its children. Throws a HostError for offsets that cannot be known.
 * @param read reads the clocks of this process
 * @param folder /proc/self
 */
export function timeOffsets(read: () => Pick<ClockReading, 'boottimeNs'>, folder = '/proc/self'): TimeOffsets {
  const own = link(`${folder}/ns/time`);
  const ofChildren = link(`${folder}/ns/time_for_children`);
  if (own !== ofChildren) {
    throw new HostError(message('clock_of_children', {}, 'Start it as a child: unshare --time with --fork.'));
  }
  if (own === undefined || own === FIRST_NAMESPACE) return { monotonicNs: 0n, boottimeNs: 0n, startsNs: 0n };
  const file = `${folder}/timens_offsets`;
  const { monotonic, boottime } = parseOffsets(readText(file));
  const started = startOf(readText(`${folder}/stat`));
  if (monotonic === undefined || boottime === undefined || started === undefined) {
    const todo = `Make ${file} readable, or run it in the first time namespace.`;
    throw new HostError(message('clock_offsets_unknown', { folder }, todo));
  }
  // Two readings of this process's own start, by the kernel's clock: the later one that is not in the future is right.
  const now = read().boottimeNs - boottime;
  const [later, earlier] = boottime > 0n ? [0n, boottime] : [boottime, 0n];
  return { monotonicNs: monotonic, boottimeNs: boottime, startsNs: started - later <= now ? later : earlier };
}

/** Reads the clocks as records have them, CLOCK_MONOTONIC of the kernel, and as /proc/PID/stat has them, CLOCK_BOOTTIME. */
export function clocksOutside(
  read: () => ClockReading,
  { monotonicNs, boottimeNs, startsNs }: TimeOffsets,
): () => ClockReading {
  return () => {
    const reading = read();
    return {
      ...reading,
      monotonicNs: reading.monotonicNs - monotonicNs,
      boottimeNs: reading.boottimeNs - boottimeNs + startsNs,
    };
  };
}

/** Field 22 of proc_pid_stat(5); the name, field 2, may have blanks and brackets. */
function startOf(stat: string): bigint | undefined {
  const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[22 - 3];
  return ticks === undefined || !/^\d+$/.test(ticks) ? undefined : BigInt(ticks) * NS_PER_TICK;
}

/** Lines of a clock's name, seconds and nanoseconds (Documentation/filesystems/proc.rst). */
function parseOffsets(text: string): Partial<Record<string, bigint>> {
  const lines = text.matchAll(/^(\w+) +(-?\d+) +(-?\d+)$/gm);
  return Object.fromEntries([...lines].map(([, clock, s, ns]) => [clock, BigInt(s!) * NS_PER_S + BigInt(ns!)]));
}

function link(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined; // A kernel without time namespaces (before 5.6).
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
