// SPDX-License-Identifier: Apache-2.0

import { preemptible } from '../host/limitations.ts';
import { attachPlans, type PlanName } from '../live/attach-plan.ts';
import { type KernelFeatures, kernelFeatures } from '../live/kernel-features.ts';
import { type Finding, fail, ok, warn } from './check.ts';
import { kernelTypes } from './types.ts';

/** Why a plan fits. */
const REASONS: Readonly<Record<PlanName, string>> = {
  tp_btf: 'its tracepoints pass compact_control',
  fentry: 'its function compact_zone takes compact_control',
  kprobe: 'it has kprobes, and a function compact_zone',
};
const NOT_PREEMPTED = 'its programs cannot be preempted, unlike those on the tracepoints of Linux 7.0 and later';

/** The attach plan that fits what the kernel reports of itself. Needs no privileges; the `attach` check proves it. */
export function plan(offers = readFeatures): Finding {
  const kernel = offers();
  if (kernel === undefined) return fail("unknown: the kernel's types cannot be read.", 'See the btf check.');
  if (!kernel.tracepoints) {
    return fail('none: this kernel has no mm_compaction tracepoints.', 'Use a kernel built with CONFIG_COMPACTION=y.');
  }
  // Only an attempt shows whether probe reads are forbidden, so the plan without them is left out.
  const plans = attachPlans(kernel).filter(({ probeReads }) => probeReads);
  const taken = plans.find((candidate) => candidate.obstacle(kernel) === undefined);
  const reasons = plans
    .slice(0, taken && plans.indexOf(taken))
    .map(({ name, obstacle }) => `${name}: ${obstacle(kernel)}.`);
  const why = reasons.map((reason) => `Not ${reason}`);
  if (taken === undefined) {
    return fail(`none fits this kernel. ${why.join(' ')}`, kernel.btfHidden?.todo ?? 'Use another kernel.');
  }
  if (kernel.preemptibleTracepoints) {
    if (taken.name === 'kprobe') return ok(`${taken.name}: ${NOT_PREEMPTED}.`);
    const limitation = preemptible(reasons);
    return warn([`${taken.name}: ${limitation.why}`, ...why].join(' '), limitation.todo);
  }
  return ok([`${taken.name}: ${REASONS[taken.name]}.`, ...why].join(' '));
}

function readFeatures(): KernelFeatures | undefined {
  try {
    return kernelFeatures(kernelTypes());
  } catch {
    return undefined;
  }
}
