// SPDX-License-Identifier: Apache-2.0

import { TRIGGERS } from '../event/event.ts';
import { NO_PROBE_READS, preemptible, publicationsUnseen } from '../host/limitations.ts';
import type { LiveSource } from '../live/live-source.ts';
import { DEFAULT_RING_BYTES, DEFAULT_STACK_BUDGET, openLiveSource } from '../live/open.ts';
import { type Finding, ok, warn } from './check.ts';
import { failure } from './failure.ts';

/** Opens the source with everything that `run` may ask for, but without the prober. */
export const openAsRun = (open = openLiveSource): Promise<LiveSource> =>
  open({
    minDurationNs: 0,
    triggers: TRIGGERS,
    context: 'child',
    stackMinDurationNs: 0,
    stackBudget: DEFAULT_STACK_BUDGET,
    ringBytes: DEFAULT_RING_BYTES,
    runTimeStats: false,
  });

/** The decisive check: does what `run` does, with the same code, and undoes it at once. */
export async function attach(open = openLiveSource): Promise<Finding> {
  try {
    const source = await openAsRun(open);
    await source.close();
    const { plan, passedOver, publicationsUnseen: unseen, preemptible: canBePreempted } = source.attachment;
    const passed = passedOver.map((why) => ` Not ${why.replace(/\.?$/, '.')}`).join('');
    const why = `loaded and attached with ${plan.name}, and detached again`;
    if (!plan.probeReads) return warn(`${why}; ${NO_PROBE_READS.why}`, NO_PROBE_READS.todo);
    if (canBePreempted) {
      const limitation = preemptible(passedOver);
      return warn(`${why}.${passed} But ${limitation.why}`, limitation.todo);
    }
    return ok(`${why}.${passed}${unseen ? ` ${publicationsUnseen(unseen).text}` : ''}`);
  } catch (error) {
    return failure(error);
  }
}
