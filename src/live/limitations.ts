// SPDX-License-Identifier: Apache-2.0
import { NO_PROBE_READS, obiUnread, othersClosed, pidLimitation, preemptible } from '../host/limitations.ts';
import { NO_FOREIGN_MEMORY } from '../host/ptrace-scope.ts';
import type { Obstacle } from '../messages/message.ts';
import type { Attachment } from './attachment.ts';

/** What this process cannot see of the host: rows and stacks alone would look complete. */
export function limitationsOf(attachment: Attachment, stacks: boolean): Obstacle[] {
  const { hiddenSymbols, plan, procfs, lackingForOthers, obiObstacle } = attachment;
  const found: (Obstacle | undefined)[] = [
    stacks ? hiddenSymbols : undefined,
    // Where probe reads are forbidden, the kprobe plan that the other sentence recommends does not work either.
    !plan.probeReads ? NO_PROBE_READS : attachment.preemptible ? preemptible(attachment.passedOver) : undefined,
    pidLimitation(procfs),
    attachment.foreignMemoryClosed ? NO_FOREIGN_MEMORY : undefined,
    lackingForOthers.length > 0 ? othersClosed(lackingForOthers) : undefined,
    obiObstacle !== undefined ? obiUnread(obiObstacle) : undefined,
  ];
  return found.filter((limitation) => limitation !== undefined);
}
