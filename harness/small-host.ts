// SPDX-License-Identifier: Apache-2.0
/** Makes this host as small as an emulated machine, so that a workload can fragment all of its memory within seconds. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { COMPACT_MEMORY, compact, putBackAtEnd } from './host.ts';

const NR_HUGEPAGES = '/proc/sys/vm/nr_hugepages';
const THP = '/sys/kernel/mm/transparent_hugepage/';
/** The settings that this changes. */
export const SMALL_HOST_SETTINGS = [NR_HUGEPAGES, `${THP}enabled`, `${THP}defrag`];
/** The memory left to everybody. The workload takes two thirds of it; with more it would only take longer. */
const LEAVE_KB = 2 * 1024 * 1024;
const TRIES = 8;

export const meminfo = (name: string) =>
  Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(readFileSync('/proc/meminfo', 'utf8'))![1]);

/**
 * Puts most memory into reserved huge pages, and gives transparent ones to the processes that ask for them, which then compact
 * directly. @returns a function that restores the settings; the end of this process does so, too
 */
export function makeHostSmall(): () => Promise<void> {
  const putBack = putBackAtEnd(...SMALL_HOST_SETTINGS);
  reserveHugePages();
  for (const name of ['enabled', 'defrag']) writeFileSync(THP + name, 'madvise');
  return putBack;
}

const sizeFile = (kB: number) => `${THP}hugepages-${kB}kB/enabled`;

/** Huge pages of one size, which the kernel has from 6.8 on. */
export function hugePagesOf(kB: number) {
  const file = sizeFile(kB);
  return {
    file,
    /** Gives them to the processes that ask for huge pages, and others to none. @returns a function that restores the settings */
    allow(): () => Promise<void> {
      const large = sizeFile(meminfo('Hugepagesize'));
      const putBack = putBackAtEnd(...new Set([large, file]));
      writeFileSync(large, 'never');
      writeFileSync(file, 'madvise');
      return putBack;
    },
  };
}

function reserveHugePages(): void {
  // Otherwise the kernel would drop files from memory meanwhile, which takes long if there are many.
  execFileSync('sync');
  writeFileSync('/proc/sys/vm/drop_caches', '1');
  // The kernel stops at the first page that it does not get, however much is free in smaller blocks.
  for (let tries = 0; tries < TRIES; tries++) {
    const missing = Math.floor((meminfo('MemFree') - LEAVE_KB) / meminfo('Hugepagesize'));
    if (missing <= 0) return;
    writeFileSync(NR_HUGEPAGES, String(meminfo('HugePages_Total') + missing));
    compact(COMPACT_MEMORY, 1);
  }
}
