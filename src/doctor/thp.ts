// SPDX-License-Identifier: Apache-2.0
import { readdirSync } from 'node:fs';
import { readChoice, readNumber, readText } from '../host/setting-file.ts';
import { pageBytes } from '../procfs/auxv.ts';
import { type Finding, ok } from './check.ts';

const FOLDER = '/sys/kernel/mm/transparent_hugepage';
const SELF = '/proc/self';

/** The memory that gets huge pages at a page fault: all of it, what is marked with MADV_HUGEPAGE, or none. */
type Eligible = 'always' | 'madvise' | 'never';

/** The settings of transparent huge pages, and which compactions to expect from them. */
export function thp(paths = { folder: FOLDER, self: SELF }): Finding {
  const enabled = readChoice(`${paths.folder}/enabled`);
  const defrag = readChoice(`${paths.folder}/defrag`);
  if (enabled === undefined && defrag === undefined) {
    return ok(`unknown: no ${paths.folder}; direct compaction serves other allocations (network, slab, hugetlb).`);
  }
  const sizes = sizesInUse(paths.folder, enabled ?? 'never');
  const who = (['always', 'madvise'] as const).find((choice) => sizes.some((size) => size.who === choice)) ?? 'never';
  const page = pageBytes(paths.self);
  const list = sizes.map(({ kb }) => `${kb} kB, order ${Math.log2((kb * 1024) / page)}`).join('; ');
  const settings = `enabled ${enabled ?? 'unknown'}${list && ` (${list})`}, defrag ${defrag ?? 'unknown'}`;
  return ok(`${settings}: ${expectation(who, defrag)}${khugepaged(paths.folder, who)}.`);
}

/** mm/huge_memory.c, vma_thp_gfp_mask(): which allocations may reclaim and compact themselves, which wake kcompactd. */
export function expectation(who: Eligible, defrag: string | undefined): string {
  if (who === 'never') {
    return 'page faults use no huge pages; direct compaction serves other allocations (network, slab, hugetlb)';
  }
  const faults = who === 'always' ? 'page faults' : 'page faults in MADV_HUGEPAGE memory';
  const marked = 'page faults in MADV_HUGEPAGE memory';
  switch (defrag) {
    case 'always':
      return `${faults} may stall in direct compaction`;
    case 'madvise':
      return `${marked} may stall in direct compaction${who === 'always' ? ', others do not compact' : ''}`;
    case 'defer':
      return `${faults} wake kcompactd and do not stall`;
    case 'defer+madvise':
      return `${marked} may stall in direct compaction${who === 'always' ? ', others wake kcompactd' : ''}`;
    case 'never':
      return `${faults} do not compact`;
    default:
      return 'the effect on page faults is unknown';
  }
}

/** The sizes in use. From 6.8 on each size has its setting, which may be `inherit`; before, there is one size. */
function sizesInUse(folder: string, general: string): { kb: number; who: string }[] {
  const sizes = subfolders(folder).flatMap((name) => {
    const [, kb] = /^hugepages-(\d+)kB$/.exec(name) ?? [];
    const own = readChoice(`${folder}/${name}/enabled`);
    return kb === undefined || own === undefined ? [] : [{ kb: Number(kb), who: own === 'inherit' ? general : own }];
  });
  const bytes = readNumber(`${folder}/hpage_pmd_size`);
  if (sizes.length === 0) sizes.push({ kb: (bytes ?? 2 ** 21) / 1024, who: general });
  return sizes.filter(({ who }) => who === 'always' || who === 'madvise').sort((a, b) => a.kb - b.kb);
}

function khugepaged(folder: string, who: Eligible): string {
  const compacts = who !== 'never' && readText(`${folder}/khugepaged/defrag`) === '1';
  return compacts ? '; khugepaged compacts as well' : '';
}

function subfolders(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
