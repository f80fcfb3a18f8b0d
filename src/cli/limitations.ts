// SPDX-License-Identifier: Apache-2.0
import {
  type Limitation,
  NO_PROBE_READS,
  obiUnread,
  othersClosed,
  pidLimitation,
  preemptible,
} from '../host/limitations.ts';
import { NO_FOREIGN_MEMORY } from '../host/ptrace-scope.ts';
import type { LiveSource } from '../live/live-source.ts';
import type { Messages } from './messages.ts';

/** Reports once what this process cannot see of the host: rows and stacks alone would look complete. */
export function sayLimitations(source: LiveSource, stacks: boolean, messages: Messages): void {
  const say = ({ why, todo }: Limitation) => messages.say(`${why} ${todo}`);
  if (stacks && source.hiddenSymbols !== undefined) say(source.hiddenSymbols);
  if (!source.plan.probeReads) say(NO_PROBE_READS);
  // Where probe reads are forbidden, the kprobe plan that this sentence recommends does not work either.
  else if (source.preemptible) say(preemptible(source.passedOver));
  const pids = pidLimitation(source.procfs);
  if (pids !== undefined) say(pids);
  if (source.foreignMemoryClosed) say(NO_FOREIGN_MEMORY);
  if (source.lackingForOthers.length > 0) say(othersClosed(source.lackingForOthers));
  if (source.obiObstacle !== undefined) say(obiUnread(source.obiObstacle));
}
