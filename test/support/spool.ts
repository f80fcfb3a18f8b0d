// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readSegment } from '../../src/spool/format.ts';
import { readSegmentName } from '../../src/spool/segment-store.ts';

/** The spans that are in the folder, as the format says. */
export function spansIn(folder: string): number {
  return readdirSync(folder).reduce((sum, name) => {
    const found = readSegmentName(name);
    if (found === undefined) return sum;
    const { records } = readSegment(readFileSync(join(folder, name)), found.number);
    return sum + records.reduce((spans, record) => spans + record.spans, 0);
  }, 0);
}

/** Resolves when the folder has so many spans. The agent must not remove any meanwhile. */
export async function stored(folder: string, spans: number): Promise<void> {
  while (spansIn(folder) < spans) await sleep(20);
}
