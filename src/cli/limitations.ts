// SPDX-License-Identifier: Apache-2.0
import {
  HIDDEN_SYMBOLS,
  type Limitation,
  NO_PROBE_READS,
  OTHER_PIDS,
  obiUnread,
  othersClosed,
  PREEMPTIBLE,
} from '../host/limitations.ts';
import { seesInitialPids } from '../host/pid-namespace.ts';
import type { LiveSource } from '../live/live-source.ts';
import type { Messages } from './messages.ts';

/** Reports once what this process cannot see of the host: rows and stacks alone would look complete. */
export function sayLimitations(source: LiveSource, stacks: boolean, messages: Messages): void {
  const say = ({ why, todo }: Limitation) => messages.say(`${why} ${todo}`);
  if (stacks && !source.symbols.available) say(HIDDEN_SYMBOLS);
  if (!source.plan.probeReads) say(NO_PROBE_READS);
  // Where probe reads are forbidden, the kprobe plan that PREEMPTIBLE recommends does not work either.
  else if (source.preemptible) say(PREEMPTIBLE);
  if (!seesInitialPids()) say(OTHER_PIDS);
  if (source.lackingForOthers.length > 0) say(othersClosed(source.lackingForOthers));
  if (source.obiObstacle !== undefined) say(obiUnread(source.obiObstacle));
}
