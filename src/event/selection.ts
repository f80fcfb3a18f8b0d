// SPDX-License-Identifier: Apache-2.0
import type { CompactionEvent, Trigger } from './event.ts';

/** Which compactions of a recording are wanted; what is absent wants all. The kernel has the same filters for a live run. */
export interface Selection {
  pid?: number;
  triggers?: readonly Trigger[];
  minDurationNs?: number;
}

/** Reasons for leaving a compaction out, by the words of the books. */
export type Filter = 'pid' | 'trigger' | 'min_duration';

/** The first filter that leaves it out, in the kernel's order; undefined when it is wanted. */
export function filterOf(selection: Selection, { pid, trigger, durationNano }: CompactionEvent): Filter | undefined {
  if (selection.pid !== undefined && pid !== selection.pid) return 'pid';
  if (selection.triggers && !selection.triggers.includes(trigger)) return 'trigger';
  if (durationNano < (selection.minDurationNs ?? 0)) return 'min_duration';
  return undefined;
}
