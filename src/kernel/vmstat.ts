// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { HostError, systemWords } from '../errors.ts';

/** Pages scanned by compaction since boot. */
export interface ScanCounters {
  migrate: number;
  free: number;
}

/** Reads the kernel's own sums. The agent's must be equal over any window. */
export function readScanCounters(path = '/proc/vmstat'): ScanCounters {
  let text = '';
  let obstacle = 'it is empty, as something is mounted over it';
  try {
    text = readFileSync(path, 'latin1');
  } catch (error) {
    obstacle = systemWords(error);
  }
  if (text.trim() === '') {
    throw new HostError(
      `${path} cannot be read: ${obstacle}.`,
      "--verify needs it: let this process see the host's /proc.",
    );
  }
  const counter = (name: string): number => {
    const found = new RegExp(`^${name} (\\d+)$`, 'm').exec(text);
    if (!found)
      throw new HostError(`${path} has no ${name}.`, '--verify needs a kernel built with CONFIG_COMPACTION=y.');
    return Number(found[1]);
  };
  return { migrate: counter('compact_migrate_scanned'), free: counter('compact_free_scanned') };
}
