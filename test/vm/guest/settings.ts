// SPDX-License-Identifier: Apache-2.0
/** Settings and figures of the emulated machine. Nothing is restored, as the machine ends with its tests. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { release } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { vmstat } from '../../../harness/host.ts';
import type { PlanName } from '../../../src/live/attach-plan.ts';
import { pageBytes } from '../../../src/procfs/auxv.ts';

/** For tests that look at each stack: an emulated stack may cost more than its compaction pays. */
export const ALL_STACKS = ['--stack-budget', 'off'];

export const PROACTIVENESS = '/proc/sys/vm/compaction_proactiveness';
const PREEMPTION = '/sys/kernel/debug/sched/preempt';
const THP = '/sys/kernel/mm/transparent_hugepage/';

const [major, minor] = release().split('.').map(Number) as [number, number];
/** none or voluntary: kernel code runs until it gives way. full or lazy: it can be preempted. Unknown on 5.10. */
const preemption = /\((\w+)\)/.exec(readIfAllowed(PREEMPTION))?.[1] ?? 'voluntary';
const preemptible = ['full', 'lazy'].includes(preemption);
const newTracepoints = major >= 7;

const since = (from: number, minorFrom: number) => major > from || (major === from && minor >= minorFrom);

/**
 * The attach plans in the order of trial. Since 5.18 the tracepoints pass compact_control. On arm64 functions take programs of
 * fentry since 6.4.
 */
const OFFERED: Record<PlanName, boolean> = {
  tp_btf: since(5, 18),
  fentry: process.arch !== 'arm64' || since(6, 4),
  kprobe: true,
};
const ORDER: readonly PlanName[] = newTracepoints ? ['kprobe', 'tp_btf', 'fentry'] : ['tp_btf', 'fentry', 'kprobe'];
export const PLANS = ORDER.filter((plan) => OFFERED[plan]);

/**
 * The plans that lose nothing when many threads compact at once. While a program is preempted, the kernel skips it for other
 * threads on that CPU. Programs of fentry are preemptible if the kernel is, and since 7.0 those of tracepoints are, too.
 */
export const LOSSLESS: readonly PlanName[] = PLANS.filter(
  (plan) => plan === 'kprobe' || !preemptible || (plan === 'tp_btf' && !newTracepoints),
);

/** The numbers of the nodes, as in /sys/devices/system/node. */
export const NODES = readdirSync('/sys/devices/system/node')
  .map((name) => /^node(\d+)$/.exec(name)?.[1])
  .filter((node) => node !== undefined)
  .map(Number)
  .sort((a, b) => a - b);

/** 9 where pages have 4 KiB, 11 where they have 16. */
export const HUGE_PAGE_ORDER = Math.log2(Number(readFileSync(`${THP}hpage_pmd_size`, 'utf8')) / pageBytes());

/** Gives huge pages to processes that ask; `defrag` decides who compacts. Nothing compacts by itself. */
export function setUp(defrag: 'madvise' | 'defer' = 'madvise'): void {
  writeFileSync(`${THP}enabled`, 'madvise');
  writeFileSync(`${THP}defrag`, defrag);
  if (existsSync(PROACTIVENESS)) writeFileSync(PROACTIVENESS, '0');
}

export type Scanned = [migrate: number, free: number];
export const scanned = (): Scanned => [vmstat('compact_migrate_scanned'), vmstat('compact_free_scanned')];

/** Waits until kcompactd has slept for a second. It works for at most some seconds after memory was fragmented. */
export async function quiet(): Promise<void> {
  const asleep = () => kcompactd().every((pid) => / S /.test(readFileSync(`/proc/${pid}/stat`, 'latin1')));
  for (let still = 0, before = scanned(); still < 10; ) {
    await sleep(100);
    const now = scanned();
    still = asleep() && `${now}` === `${before}` ? still + 1 : 0;
    before = now;
  }
}

let daemons: string[] | undefined;
export function kcompactd(): string[] {
  daemons ??= readdirSync('/proc').filter(
    (pid) => /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('kcompactd'),
  );
  return daemons;
}

/** Under lockdown=confidentiality nobody may read debugfs. */
function readIfAllowed(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
