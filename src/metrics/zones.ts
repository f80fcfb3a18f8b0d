// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';

/** The free blocks of a zone per order, from order 0 up. */
export interface ZoneBlocks {
  node: number;
  zone: string;
  blocks: readonly number[];
}

/** Numbers of up to 15 digits are exact. */
const LINE = /^Node +(\d{1,15}), zone +(\S+) +(\d{1,15}(?: +\d{1,15})*) *$/gm;

/** The zones of /proc/buddyinfo, which every user may read; none where it is hidden. */
export function readZones(path = '/proc/buddyinfo'): ZoneBlocks[] {
  let text: string;
  try {
    text = readFileSync(path, 'latin1');
  } catch {
    return [];
  }
  return [...text.matchAll(LINE)].map(([, node, zone, blocks]) => ({
    node: Number(node),
    zone: zone!,
    blocks: blocks!.split(/ +/).map(Number),
  }));
}

/**
 * The share of a zone's free memory that is in blocks too small for the order, as unusable_free_index() in mm/vmstat.c computes it.
 * @returns undefined where no memory is free
 */
export function unusableShare({ blocks }: ZoneBlocks, order: number): number | undefined {
  const pages = blocks.map((count, at) => count * 2 ** at);
  const sum = (of: readonly number[]) => of.reduce((total, n) => total + n, 0);
  const free = sum(pages);
  return free === 0 ? undefined : sum(pages.slice(0, order)) / free;
}
