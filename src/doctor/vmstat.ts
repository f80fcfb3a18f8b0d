// SPDX-License-Identifier: Apache-2.0
import { StartError } from '../errors.ts';
import { readText } from '../host/setting-file.ts';
import { readScanCounters } from '../kernel/vmstat.ts';
import { type Finding, ok, warn } from './check.ts';

/** The kernel's own counters; --verify compares with the pages scanned. */
export function vmstat(path = '/proc/vmstat'): Finding {
  try {
    const { migrate, free } = readScanCounters(path);
    const text = readText(path) ?? '';
    const count = (name: string) => new RegExp(`^compact_${name} (\\d+)$`, 'm').exec(text)?.[1] ?? 'unknown';
    const stalls = `compact_stall ${count('stall')} (success ${count('success')}, fail ${count('fail')})`;
    return ok(`since boot ${stalls}, migrate_scanned ${migrate}, free_scanned ${free}.`);
  } catch (error) {
    if (error instanceof StartError) return warn(error.why, error.todo);
    return warn(`${path} cannot be read.`, '--verify needs it: mount /proc.');
  }
}
