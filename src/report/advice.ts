// SPDX-License-Identifier: Apache-2.0
/** The tables of docs/reading-a-stall.md that a report quotes; a test compares them. Without links and marks of Markdown. */
import type { CompactionEvent, Trigger } from '../event/event.ts';

type Read = Pick<CompactionEvent, 'trigger' | 'order' | 'status'>;

export interface Advice {
  /** What the compaction means. */
  means: string;
  /** What to do. */
  todo: string;
}

interface Row extends Advice {
  trigger: Trigger;
  /** As the document says it. */
  order: string;
  status: string;
  /** From which order to which one; absent for any. */
  orders?: readonly [first: number, last: number];
  /** Absent for any. */
  statuses?: readonly string[];
}

const FAILURE = ['complete', 'partial_skipped'];

/** The table "At a glance". */
export const AT_A_GLANCE: readonly Row[] = [
  {
    trigger: 'direct',
    order: '9',
    orders: [9, 9],
    status: 'partial_skipped, complete',
    statuses: FAILURE,
    means: 'failure: a thread waited for a 2 MiB page and did not get it',
    todo: 'THP: set defrag to defer, or stop the application from asking for huge pages (MADV_HUGEPAGE); hugetlb: reserve at boot',
  },
  {
    trigger: 'direct',
    order: '9',
    orders: [9, 9],
    status: 'success',
    statuses: ['success'],
    means: 'a thread waited, and a block was free at the end',
    todo: 'the same, if the wait matters',
  },
  {
    trigger: 'direct',
    order: '9',
    orders: [9, 9],
    status: 'contended',
    statuses: ['contended'],
    means: 'gave up early: a contended lock (async only), no free page to move to, or a fatal signal',
    todo: 'count them with the failures',
  },
  {
    trigger: 'direct',
    order: '4 - 8',
    orders: [4, 8],
    status: 'any',
    means: 'a middle-sized block: large folios, drivers, GPUs, large kernel buffers',
    todo: 'the stack says who',
  },
  {
    trigger: 'direct',
    order: '1 - 3',
    orders: [1, 3],
    status: 'failure',
    statuses: FAILURE,
    means: 'a small block was not found at once; the kernel reclaims and tries again',
    todo: 'free memory; soon, if the priority is sync_full: after that the kernel may kill a process',
  },
  {
    trigger: 'direct',
    order: '1 - 3',
    orders: [1, 3],
    status: 'success',
    statuses: ['success'],
    means: 'the kernel did its work',
    todo: 'nothing below 1 ms; else free memory',
  },
  {
    trigger: 'kcompactd',
    order: 'any',
    status: 'failure',
    statuses: FAILURE,
    means: 'background work that achieved nothing',
    todo: 'nothing, unless top shows kcompactdN using a whole CPU; then reduce the demand for huge pages',
  },
  {
    trigger: 'kcompactd',
    order: 'any',
    status: 'success',
    statuses: ['success'],
    means: 'no allocation waited',
    todo: 'nothing',
  },
  {
    trigger: 'proactive',
    order: '-1',
    status: 'any',
    means: 'vm.compaction_proactiveness at work; no allocation waits',
    todo: 'nothing, unless top shows kcompactdN using a whole CPU: lower it',
  },
  {
    trigger: 'manual',
    order: '-1',
    status: 'complete',
    statuses: ['complete'],
    means: 'normal end: somebody wrote the file',
    todo: 'find the cron job if it was not you',
  },
];

/** The table "By status", for `direct` and `kcompactd`. */
export const BY_STATUS: Readonly<Record<string, string>> = {
  success: 'a block is free; for direct the thread most likely got it',
  complete: 'failure: the whole zone was scanned',
  partial_skipped: 'failure: scanned from where the last one had stopped to where the scanners met',
  contended:
    'gave up early: a contended lock or too many pages on the move (both async only), no free page to move to, or a fatal signal',
};

/** "The same, if the wait matters" is about the row before it. */
const THE_SAME = 'the same, ';

/** What the document says about a compaction; undefined where it says nothing about such a one. */
export function adviceFor({ trigger, order, status }: Read): Advice | undefined {
  const at = AT_A_GLANCE.findIndex(
    ({ trigger: of, orders, statuses }) =>
      of === trigger &&
      (!orders || (order >= orders[0] && order <= orders[1])) &&
      (!statuses || statuses.includes(status)),
  );
  const row = AT_A_GLANCE[at];
  if (!row) {
    const means = BY_STATUS[status];
    return means === undefined ? undefined : { means, todo: '' };
  }
  const { means, todo } = row;
  if (!todo.startsWith(THE_SAME)) return { means, todo };
  return { means, todo: `${todo.slice(THE_SAME.length)}: ${AT_A_GLANCE[at - 1]!.todo}` };
}

/** The table "By stack": names of functions, where `...` stands for any, and who wants the memory. */
export const BY_STACK: readonly (readonly [frames: string, who: string])[] = [
  ['do_huge_pmd_anonymous_page', 'page fault, THP of 2 MiB'],
  ['do_anonymous_page', 'page fault, multi-size THP'],
  ['collapse_huge_page, khugepaged', 'khugepaged, in the background'],
  ['madvise_collapse', 'the application, via MADV_COLLAPSE (since 6.1); ignores defrag'],
  ['shmem_...', 'tmpfs, shared memory with huge pages'],
  ['alloc_pool_huge_folio, only_alloc_fresh_hugetlb_folio, nr_hugepages_store', 'somebody raises nr_hugepages'],
  ['alloc_surplus_hugetlb_folio, hugetlb_fault', 'a fault beyond the reserved pool'],
  ['page_cache_ra_order, __filemap_get_folio', 'the page cache, large folios (XFS, ext4, btrfs)'],
  ['__alloc_skb, kmalloc_reserve, unix_..._sendmsg, netlink_...', 'a contiguous network buffer'],
  ['packet_set_ring', "a packet capture's ring"],
  ['__kmalloc_large_node, __kvmalloc_node...', 'a kernel table of more than 8 KiB; the next frame says whose'],
  ['copy_process, pgd_alloc', 'fork, clone'],
  ['bpf_prog_pack_alloc, execmem_alloc, __vmalloc_node_range...', 'BPF programs, modules, huge vmalloc'],
  ["dma_direct_alloc, dma_alloc_attrs, a driver's name", "a driver's ring, on ifup, ethtool -G, reset"],
  ['ttm_pool_alloc, amdgpu_..., nouveau_..., xe_...', "a GPU's buffers, largest blocks first"],
];

const CALLERS = BY_STACK.flatMap(([frames, who]) =>
  frames
    .split(', ')
    // Words are not a function.
    .filter((name) => !name.includes(' '))
    .map((name) => ({ who, pattern: new RegExp(`^${name.replaceAll('...', '.*')}$`) })),
);
/** What a compiler adds to a name, and the offset. */
const ADDED = /(?:_noprof|\.(?:isra|constprop|part|cold)[.\d]*)*(?:\+0x[\da-f]+)?(?: \[.*\])?$/;

/** Who wants the memory, by the innermost function that the document knows. */
export function callerIn(stack: readonly string[]): string | undefined {
  for (const frame of stack) {
    const name = frame.replace(ADDED, '');
    const caller = CALLERS.find(({ pattern }) => pattern.test(name));
    if (caller) return caller.who;
  }
  return undefined;
}

/** The rows of "By memory state" for the fragmentation index at the begin. */
export const BY_INDEX = {
  fragmented: 'memory is free, but fragmented. Less demand, or background work',
  short: 'too little free memory: more of it; compaction cannot help',
  free: 'a block was free at the start, but the zone was below its watermark; or another thread took it first',
} as const;

/** The kernel's own limit between the two (vm.extfrag_threshold). */
const THRESHOLD = 0.5;

export function memoryState(index: number | null): string | undefined {
  if (index === null) return undefined;
  if (index < 0) return BY_INDEX.free;
  return index > THRESHOLD ? BY_INDEX.fragmented : BY_INDEX.short;
}
