// SPDX-License-Identifier: Apache-2.0
import type { KernelFeatures } from './kernel-features.ts';

export const PLAN_NAMES = ['tp_btf', 'fentry', 'kprobe'] as const;
export type PlanName = (typeof PLAN_NAMES)[number];

/** One way to attach, and why it does not fit a kernel. */
export interface AttachPlan {
  name: PlanName;
  /** Whether the verifier knows the types of its pointers: loads through them take half the instructions of probe reads. */
  directLoads: boolean;
  /** Whether it uses probe reads, which lockdown=confidentiality forbids. Without them zones have no names (bpf/zone.h). */
  probeReads: boolean;
  /** In the order of attaching: an end without its begin is counted, a begin without its end would stay open. */
  programs: readonly string[];
  /** What the kernel lacks for it; undefined when nothing is known to be missing, and only an attempt can tell. */
  obstacle(kernel: KernelFeatures): string | undefined;
}

/** Why programs that need the kernel's own BTF do not fit; --btf does not help them. */
function noOwnBtf({ ownBtf, btfHidden }: KernelFeatures): string | undefined {
  if (ownBtf) return undefined;
  return btfHidden === undefined
    ? 'this kernel does not describe its types (CONFIG_DEBUG_INFO_BTF=y), and --btf does not help this plan'
    : `this process does not see the kernel's own types (${btfHidden.why}), and --btf does not help this plan`;
}

const TP_BTF: AttachPlan = {
  name: 'tp_btf',
  directLoads: true,
  probeReads: true,
  programs: ['cs_tp_btf_attempt', 'cs_tp_btf_end', 'cs_tp_btf_begin'],
  obstacle: (kernel) => {
    const unseen = noOwnBtf(kernel);
    if (unseen) return unseen;
    if (!kernel.tracepointsPassControl) return 'its tracepoints do not pass compact_control (Linux 5.18 and later do)';
    return undefined;
  },
};

const FENTRY: AttachPlan = {
  name: 'fentry',
  directLoads: false,
  probeReads: true,
  programs: ['cs_raw_attempt', 'cs_raw_end', 'cs_fentry_call', 'cs_raw_begin'],
  obstacle: (kernel) => {
    const missing = noOwnBtf(kernel) ?? compactZoneMissing(kernel);
    if (missing) return missing;
    if (!kernel.compactZoneTakesControl) return 'its BTF has no compact_zone that takes compact_control first';
    return undefined;
  },
};

const KPROBE: AttachPlan = {
  name: 'kprobe',
  directLoads: false,
  probeReads: true,
  programs: ['cs_event_attempt', 'cs_event_end', 'cs_kprobe_call', 'cs_event_begin'],
  obstacle: (kernel) => {
    if (kernel.kprobes === false) return 'it is built without kprobes (CONFIG_KPROBE_EVENTS=y)';
    const missing = compactZoneMissing(kernel);
    if (missing) return missing;
    if (!kernel.tracefs) return 'tracefs is not mounted at /sys/kernel/tracing, or not readable';
    return undefined;
  },
};

/** The plans in the order in which they are tried. */
export const ATTACH_PLANS: readonly AttachPlan[] = [TP_BTF, FENTRY, KPROBE, { ...TP_BTF, probeReads: false }];

/** The order for a kernel: the programs of kprobe are the only ones that are never preempted. */
export function attachPlans(kernel: KernelFeatures): readonly AttachPlan[] {
  if (!kernel.preemptibleTracepoints) return ATTACH_PLANS;
  return [KPROBE, ...ATTACH_PLANS.filter((plan) => plan !== KPROBE)];
}

/** Why compact_zone() does not exist, as opposed to existing but refusing programs. */
function compactZoneMissing(kernel: KernelFeatures): string | undefined {
  const names = kernel.compactZoneNames();
  if (names === undefined || names.includes('compact_zone')) return undefined;
  return names.length > 0
    ? `its function compact_zone has another name (${names.join(', ')})`
    : 'it has no function compact_zone: the compiler inlined it';
}
