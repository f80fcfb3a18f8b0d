// SPDX-License-Identifier: Apache-2.0
import { TRIGGERS } from '../event/event.ts';
import { thisHost } from '../event/this-host.ts';
import { NOBODY } from '../host/users.ts';
import type { LiveOptions } from '../live/attachment.ts';
import type { SinkSettings } from '../sinks/create.ts';
import type { RUN_OPTIONS } from './compactstall-options.ts';
import type { InForce } from './options.ts';

/** What the kernel's side and the prober do for these options: no more than the outputs show. */
export function liveOptions(
  values: InForce<typeof RUN_OPTIONS>,
  { outputs, environments, stack, resource, kernelStack, warn }: SinkSettings,
  hasSpans: boolean,
): LiveOptions {
  // A page shows what a recording has.
  const records = values.live !== undefined || outputs.some(({ kind }) => kind === 'json');
  const viewed = outputs.some(({ kind }) => kind === 'folded' || kind === 'perfetto');
  const wantsRecords = hasSpans || records;
  const stacks = kernelStack || viewed || (wantsRecords && stack !== 'none');
  // A table shows neither stacks nor contexts, and a viewer no contexts. A recording keeps both for a replay, whatever this run's spans carry.
  const context = wantsRecords ? values.context : 'off';
  const services = records || viewed || (hasSpans && resource === 'service');
  const limit = values['max-spans-per-second'];
  const budget = values['stack-budget'];
  return {
    ...(values.attach !== undefined && { attach: values.attach }),
    ...(values.btf !== undefined && { btfFile: values.btf }),
    ...(values.pid !== undefined && { pid: values.pid }),
    ...(values.procfs !== undefined && { procfs: values.procfs }),
    minDurationNs: values['min-duration'] ?? 0,
    triggers: values.trigger ?? TRIGGERS,
    ...(limit !== 'off' && { maxSpansPerSecond: limit }),
    context,
    host: thisHost(environments[0]!),
    ...(stacks && { stackMinDurationNs: values['stack-min-duration'] }),
    ...(budget !== 'off' && { stackBudget: budget }),
    ...(values.pin !== undefined && { pin: { folder: values.pin, ttlNs: values['pin-ttl'] } }),
    ringBytes: values['ring-size'],
    runTimeStats: values.verbose ?? false,
    ...((services || context !== 'off') && { prober: { services, user: values.user ?? NOBODY, warn } }),
  };
}
