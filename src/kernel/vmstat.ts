// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { HostError, systemWords } from '../errors.ts';
import { message } from '../messages/message.ts';

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
    const todo = "--verify needs it: let this process see the host's /proc.";
    throw new HostError(message('vmstat_unreadable', { file: path, reason: obstacle }, todo));
  }
  const counter = (name: string): number => {
    const found = new RegExp(`^${name} (\\d{1,20})$`, 'm').exec(text);
    if (!found) {
      const todo = '--verify needs a kernel built with CONFIG_COMPACTION=y.';
      throw new HostError(message('vmstat_incomplete', { file: path, counter: name }, todo));
    }
    return Number(found[1]);
  };
  return { migrate: counter('compact_migrate_scanned'), free: counter('compact_free_scanned') };
}
